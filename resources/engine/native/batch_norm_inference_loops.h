// Included once for each instruction set; see each_instruction_set.h.
#include "lanes.h"

void Forward(const Norm& norm, Span span, const float* x, float* y) {
  const int64_t whole = norm.channels / kLanes * kLanes;
  for (int64_t row = span.begin; row < span.end; row++) {
    const int64_t at = row * norm.channels;
    for (int64_t c = 0; c < norm.channels; c += kLanes) {
      const int64_t width = c < whole ? kLanes : norm.channels - c;
      const Floats centred = LoadSome(x + at + c, width) - LoadSome(norm.mean + c, width);
      const Floats v = centred * LoadSome(norm.scale + c, width) + LoadSome(norm.beta + c, width);
      StoreSome(y + at + c, Clip(v, norm.low, norm.high), width);
    }
  }
}

const Loops all{Forward};
