// Included once for each instruction set, behind lanes.h. `Grid` is a Quantizer, or the like with one step size and offset for
// each lane.

template <bool kRelu, typename Grid>
static inline __attribute__((always_inline)) Floats Quantize(Floats x, const Grid& q) {
  if (kRelu) x = Relu(x);
  return Rint(Clip((x - q.offset) / q.step, q.low, q.high)) * q.step + q.offset;
}

// Gradients of log step size and offset (eqnet-spec 1.4), without the factor of the step size on the first.
struct Sums {
  Floats log_step{};
  Floats outside{};
};

template <bool kRelu, typename Grid>
static inline __attribute__((always_inline)) Floats Gradient(Floats dy, Floats x, const Grid& q, Sums& sums) {
  const Floats z = x;
  if (kRelu) x = Relu(x);
  const Floats v = (x - q.offset) / q.step;
  const Floats c = Clip(v, q.low, q.high);
  const Mask inside = (v >= All(q.low)) & (v <= All(q.high));
  sums.log_step += dy * Choose(inside, Rint(c) - v, c);
  sums.outside += Keep(~inside, dy);
  const Mask passes = kRelu ? inside & (z > Floats{}) : inside;
  return Keep(passes, dy);
}
