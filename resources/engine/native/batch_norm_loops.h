// Included once for each instruction set; see each_instruction_set.h.
#include "lanes.h"
#include "quantize_lanes.h"
#include "runs.h"

template <bool kRelu, bool kQuantize>
static inline __attribute__((always_inline)) Floats Activate(Floats z, const Activation& activation) {
  if (kRelu) z = Clip(z, 0.0f, activation.cap);
  return kQuantize ? Quantize<false>(z, activation.quantizer) : z;
}

// What the activation lets through of dy.
template <bool kRelu, bool kQuantize>
static inline __attribute__((always_inline)) Floats Deactivate(Floats dy, Floats z, const Activation& activation, Sums& sums) {
  if (kQuantize) dy = Gradient<false>(dy, kRelu ? Clip(z, 0.0f, activation.cap) : z, activation.quantizer, sums);
  return kRelu ? Keep(Less(Floats{}, z) & Less(z, All(activation.cap)), dy) : dy;
}

// Sums of x - shift and their squares, of each channel.
void Moments(const Part& part, const float* x, const float* shift, double* sums) {
  ByRuns(part, [&](int64_t first, int64_t rows, auto columns) __attribute__((always_inline)) {
    for (int64_t c = 0; c < columns.channels; c += kLanes) {
      const auto width = columns.Width(c);
      const Floats from = Load(shift + c);
      Floats sum{};
      Floats square{};
      const float* next = x + first + c;
      for (int64_t row = 0; row < rows; row++, next += part.channels) {
        Prefetch(next);
        const Floats d = LoadSome(next, width) - from;
        sum += d;
        square = MulAdd(d, d, square);
      }
      AddTo(sums + c, sum, width);
      AddTo(sums + part.channels + c, square, width);
    }
  });
}

template <bool kRelu, bool kQuantize, bool kResidual, bool kInner>
static void Forward(const Part& part, const Normalization& n, const Activation& of, const float* x, const float* residual, float* y) {
  // Of its own: a value that is stored could be one of those behind a reference.
  const Activation activation = of;
  ByRuns(part, [&](int64_t first, int64_t rows, auto columns) __attribute__((always_inline)) {
    for (int64_t c = 0; c < columns.channels; c += kLanes) {
      const auto width = columns.Width(c);
      const Floats scale = Load(n.scale + c);
      const Floats shift = Load(n.shift + c);
      int64_t i = first + c;
      for (int64_t row = 0; row < rows; row++, i += part.channels) {
        Prefetch(x + i);
        if (kResidual) Prefetch(residual + i);
        Floats z = MulAdd(LoadSome(x + i, width), scale, shift);
        if (kInner) z = Quantize<false>(z, activation.inner);
        if (kResidual) z += LoadSome(residual + i, width);
        StoreSome(y + i, Activate<kRelu, kQuantize>(z, activation), width);
      }
    }
  });
}

static inline void AddTotals(const Sums& sums, const Quantizer& quantizer, double* totals) {
  totals[0] += static_cast<double>(Sum(sums.log_step)) * quantizer.step;
  totals[1] += Sum(sums.outside);
}

// Sums over the part: dz and dz (x - mean) of each channel, and those of the quantizers. The gradient of a residual is stored:
// dz, or what the quantizer before the residual makes dz of.
template <bool kRelu, bool kQuantize, bool kResidual, bool kInner>
static void Reduce(const Part& part, const Normalization& n, const Activation& of, const float* dy, const float* x, const float* residual,
                   float* passed, double* totals) {
  const Activation activation = of;
  double* quantizer_totals = totals + 2 * part.channels;
  ByRuns(part, [&](int64_t first, int64_t rows, auto columns) __attribute__((always_inline)) {
    Sums sums;
    Sums inner_sums;
    for (int64_t c = 0; c < columns.channels; c += kLanes) {
      const auto width = columns.Width(c);
      const Floats scale = Load(n.scale + c);
      const Floats shift = Load(n.shift + c);
      const Floats mean = Load(n.mean + c);
      Floats sum{};
      Floats product{};
      int64_t i = first + c;
      for (int64_t row = 0; row < rows; row++, i += part.channels) {
        Prefetch(x + i);
        Prefetch(dy + i);
        if (kResidual) Prefetch(residual + i);
        const Floats value = LoadSome(x + i, width);
        const Floats z = MulAdd(value, scale, shift);
        Floats sum_in = kInner ? Quantize<false>(z, activation.inner) : z;
        if (kResidual) sum_in += LoadSome(residual + i, width);
        Floats d = Deactivate<kRelu, kQuantize>(LoadSome(dy + i, width), sum_in, activation, sums);
        if (kResidual) StoreSome(passed + i, d, width);
        if (kInner) d = Gradient<false>(d, z, activation.inner, inner_sums);
        sum += d;
        product = MulAdd(d, value - mean, product);
      }
      AddTo(totals + c, sum, width);
      AddTo(totals + part.channels + c, product, width);
    }
    if (kQuantize) AddTotals(sums, activation.quantizer, quantizer_totals);
    if (kInner) AddTotals(inner_sums, activation.inner, quantizer_totals + 2);
  });
}

// dx = scale (dz - mean(dz) - (x - mean) slope). Behind a residual, dy is the gradient of the residual.
template <bool kRelu, bool kQuantize, bool kInner>
static void Backward(const Part& part, const Normalization& n, const Activation& of, const float* dy, const float* x, float* dx) {
  const Activation activation = of;
  ByRuns(part, [&](int64_t first, int64_t rows, auto columns) __attribute__((always_inline)) {
    Sums unused;
    for (int64_t c = 0; c < columns.channels; c += kLanes) {
      const auto width = columns.Width(c);
      const Floats scale = Load(n.scale + c);
      const Floats shift = Load(n.shift + c);
      const Floats mean = Load(n.mean + c);
      const Floats slope = -Load(n.slope + c);
      const Floats level = Load(n.level + c);
      int64_t i = first + c;
      for (int64_t row = 0; row < rows; row++, i += part.channels) {
        Prefetch(x + i);
        Prefetch(dy + i);
        const Floats value = LoadSome(x + i, width);
        const Floats z = MulAdd(value, scale, shift);
        const Floats from = LoadSome(dy + i, width);
        const Floats d = kInner ? Gradient<false>(from, z, activation.inner, unused) : Deactivate<kRelu, kQuantize>(from, z, activation, unused);
        StoreSome(dx + i, scale * MulAdd(value - mean, slope, d - level), width);
      }
    }
  });
}

// The loops for one kind of activation: nothing before it, a residual, or a quantized sum with a residual.
template <bool kRelu, bool kQuantize, bool kResidual, bool kInner>
constexpr Kind KindOf() {
  return {Forward<kRelu, kQuantize, kResidual, kInner>, Reduce<kRelu, kQuantize, kResidual, kInner>,
          Backward<kRelu && !kResidual, kQuantize && !kResidual, kInner>};
}

#define EQNET_KINDS(relu, quantize) \
  KindOf<relu, quantize, false, false>(), KindOf<relu, quantize, true, false>(), KindOf<relu, quantize, true, true>()
const Kind kinds[12] = {EQNET_KINDS(false, false), EQNET_KINDS(false, true), EQNET_KINDS(true, false), EQNET_KINDS(true, true)};
#undef EQNET_KINDS

const Loops all{Moments, kinds};
