// Included once for each instruction set; see each_instruction_set.h.
#include "lanes.h"
#include "quantize_lanes.h"

template <bool kRelu, bool kQuantize>
static inline __attribute__((always_inline)) Floats Activate(Floats z, const Activation& activation) {
  if (kRelu) z = Clip(z, 0.0f, activation.cap);
  return kQuantize ? Quantize<false>(z, activation.quantizer) : z;
}

// What the activation lets through of dy.
template <bool kRelu, bool kQuantize>
static inline __attribute__((always_inline)) Floats Deactivate(Floats dy, Floats z, const Activation& activation, Sums& sums) {
  if (kQuantize) dy = Gradient<false>(dy, kRelu ? Clip(z, 0.0f, activation.cap) : z, activation.quantizer, sums);
  return kRelu ? Keep((z > Floats{}) & (z < All(activation.cap)), dy) : dy;
}

// Mean of each channel over the span, and the sum of squared deviations from it.
void Moments(const float* x, int64_t channels, Span span, double* mean, double* squares) {
  const float* first = x + span.begin * channels;
  for (int64_t start = span.begin, rows; start < span.end; start += rows) {
    rows = Rows(span, start, channels);
    for (int64_t c = 0; c < channels; c += kLanes) {
      const int64_t width = channels - c < kLanes ? channels - c : kLanes;
      const Floats shift = LoadSome(first + c, width);
      Floats sum{};
      Floats square{};
      const float* from = x + start * channels + c;
      for (int64_t row = 0; row < rows; row++, from += channels) {
        const Floats d = LoadSome(from, width) - shift;
        sum += d;
        square += d * d;
      }
      for (int64_t i = 0; i < width; i++) {
        mean[c + i] += sum[i];
        squares[c + i] += square[i];
      }
    }
  }
  const double count = static_cast<double>(span.end - span.begin);
  for (int64_t c = 0; c < channels; c++) {
    const double shifted = mean[c] / count;
    squares[c] -= mean[c] * shifted;
    mean[c] = first[c] + shifted;
  }
}

template <bool kRelu, bool kQuantize, bool kResidual, bool kInner>
static void Forward(const Normalization& n, const Activation& activation, Span span, const float* x, const float* residual, float* y) {
  for (int64_t start = span.begin, rows; start < span.end; start += rows) {
    rows = Rows(span, start, n.channels);
    for (int64_t c = 0; c < n.channels; c += kLanes) {
      const int64_t width = n.channels - c < kLanes ? n.channels - c : kLanes;
      const Floats scale = LoadSome(n.scale + c, width);
      const Floats shift = LoadSome(n.shift + c, width);
      int64_t i = start * n.channels + c;
      for (int64_t row = 0; row < rows; row++, i += n.channels) {
        Floats z = LoadSome(x + i, width) * scale + shift;
        if (kInner) z = Quantize<false>(z, activation.inner);
        if (kResidual) z += LoadSome(residual + i, width);
        StoreSome(y + i, Activate<kRelu, kQuantize>(z, activation), width);
      }
    }
  }
}

static inline void AddTotals(const Sums& sums, const Quantizer& quantizer, double* totals) {
  totals[0] += static_cast<double>(Sum(sums.log_step)) * quantizer.step;
  totals[1] += Sum(sums.outside);
}

// Sums over the span: dz and dz (x - mean) of each channel, and those of the quantizers. The gradient of a residual is stored:
// dz, or what the quantizer before the residual makes dz of.
template <bool kRelu, bool kQuantize, bool kResidual, bool kInner>
static void Reduce(const Normalization& n, const Activation& activation, Span span, const float* dy, const float* x, const float* residual,
                   float* passed, double* totals) {
  double* quantizer_totals = totals + 2 * n.channels;
  for (int64_t start = span.begin, rows; start < span.end; start += rows) {
    rows = Rows(span, start, n.channels);
    Sums sums;
    Sums inner_sums;
    for (int64_t c = 0; c < n.channels; c += kLanes) {
      const int64_t width = n.channels - c < kLanes ? n.channels - c : kLanes;
      const Floats scale = LoadSome(n.scale + c, width);
      const Floats shift = LoadSome(n.shift + c, width);
      const Floats mean = LoadSome(n.mean + c, width);
      Floats sum{};
      Floats product{};
      int64_t i = start * n.channels + c;
      for (int64_t row = 0; row < rows; row++, i += n.channels) {
        const Floats value = LoadSome(x + i, width);
        const Floats z = value * scale + shift;
        Floats sum_in = kInner ? Quantize<false>(z, activation.inner) : z;
        if (kResidual) sum_in += LoadSome(residual + i, width);
        Floats d = Deactivate<kRelu, kQuantize>(LoadSome(dy + i, width), sum_in, activation, sums);
        if (kResidual) StoreSome(passed + i, d, width);
        if (kInner) d = Gradient<false>(d, z, activation.inner, inner_sums);
        sum += d;
        product += d * (value - mean);
      }
      for (int64_t k = 0; k < width; k++) {
        totals[c + k] += sum[k];
        totals[n.channels + c + k] += product[k];
      }
    }
    if (kQuantize) AddTotals(sums, activation.quantizer, quantizer_totals);
    if (kInner) AddTotals(inner_sums, activation.inner, quantizer_totals + 2);
  }
}

// dx = scale (dz - mean(dz) - (x - mean) slope). Behind a residual, dy is the gradient of the residual.
template <bool kRelu, bool kQuantize, bool kInner>
static void Backward(const Normalization& n, const Activation& activation, Span span, const float* dy, const float* x, float* dx) {
  Sums unused;
  for (int64_t start = span.begin, rows; start < span.end; start += rows) {
    rows = Rows(span, start, n.channels);
    for (int64_t c = 0; c < n.channels; c += kLanes) {
      const int64_t width = n.channels - c < kLanes ? n.channels - c : kLanes;
      const Floats scale = LoadSome(n.scale + c, width);
      const Floats shift = LoadSome(n.shift + c, width);
      const Floats mean = LoadSome(n.mean + c, width);
      const Floats slope = LoadSome(n.slope + c, width);
      const Floats level = LoadSome(n.level + c, width);
      int64_t i = start * n.channels + c;
      for (int64_t row = 0; row < rows; row++, i += n.channels) {
        const Floats value = LoadSome(x + i, width);
        const Floats z = value * scale + shift;
        const Floats from = LoadSome(dy + i, width);
        const Floats d = kInner ? Gradient<false>(from, z, activation.inner, unused) : Deactivate<kRelu, kQuantize>(from, z, activation, unused);
        StoreSome(dx + i, scale * (d - level - (value - mean) * slope), width);
      }
    }
  }
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
