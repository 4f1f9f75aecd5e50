// Included once for each instruction set, behind lanes.h. `Grid` is a Quantizer, or the like with one step size and offset for
// each lane.

// x / step, correctly rounded; of what lies beyond low..high only on which side. With the inverse at hand, a product and what is left of x
// behind it (Markstein, "Computation of elementary functions on the IBM RISC System/6000 processor", 1990) take a quarter of the time of a
// division.
template <typename Step>
static inline __attribute__((always_inline)) Floats Quotient(Floats x, Step step, float low, float high) {
#if EQNET_SET != EQNET_PLAIN
  const Floats divisor = step - Floats{};
  const Floats inverse = 1.0f / divisor;
  // Clipped, since the rest of an infinite quotient is a NaN.
  const Floats near = Clip(x * inverse, low, high);
  return FusedSum(FusedRest(near, divisor, x), inverse, near);
#else
  return x / step;
#endif
}

template <bool kRelu, typename Grid>
static inline __attribute__((always_inline)) Floats Quantize(Floats x, const Grid& q) {
  if (kRelu) x = Relu(x);
  return Rint(Clip(Quotient(x - q.offset, q.step, q.low, q.high), q.low, q.high)) * q.step + q.offset;
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
  const Floats v = Quotient(x - q.offset, q.step, q.low, q.high);
  const Floats c = Clip(v, q.low, q.high);
  const Floats kept = Keep(Equal(v, c), dy);
  // Inside the range this is Rint(v) - v, outside c.
  sums.log_step = MulAdd(dy, Rint(c) - Keep(Equal(v, c), v), sums.log_step);
  sums.outside += dy - kept;
  return kRelu ? Keep(Less(Floats{}, z), kept) : kept;
}
