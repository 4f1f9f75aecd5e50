#pragma once

namespace eqnet {

// The scalars of a quantizer: step size, offset, smallest and largest code.
struct Quantizer {
  float step;
  float offset;
  float low;
  float high;
};

}  // namespace eqnet
