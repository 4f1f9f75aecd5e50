// Included once for each instruction set; see each_instruction_set.h.
#include "lanes.h"
#include "quantize_lanes.h"

template <bool kRelu>
static inline __attribute__((always_inline)) void Forward(const float* x, float* y, int64_t n, Quantizer q) {
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) Store(y + i, Quantize<kRelu>(Load(x + i), q));
  for (; i < n; i++) y[i] = Quantize<kRelu>(All(x[i]), q)[0];
}

template <bool kRelu>
static inline __attribute__((always_inline)) void Backward(const float* dy, const float* x, float* dx, int64_t n, Quantizer q, double* totals) {
  for (int64_t start = 0; start < n; start += kRun) {
    const int64_t end = start + kRun < n ? start + kRun : n;
    Sums sums;
    int64_t i = start;
    for (; i + kLanes <= end; i += kLanes) Store(dx + i, Gradient<kRelu>(Load(dy + i), Load(x + i), q, sums));
    for (; i < end; i++) {
      Floats one{};
      one[0] = dy[i];
      dx[i] = Gradient<kRelu>(one, All(x[i]), q, sums)[0];
    }
    totals[0] += static_cast<double>(Sum(sums.log_step)) * q.step;
    totals[1] += Sum(sums.outside);
  }
}

void ForwardBlock(bool relu, const float* x, float* y, int64_t n, Quantizer q) {
  if (relu) Forward<true>(x, y, n, q);
  else Forward<false>(x, y, n, q);
}

void BackwardBlock(bool relu, const float* dy, const float* x, float* dx, int64_t n, Quantizer q, double* totals) {
  if (relu) Backward<true>(dy, x, dx, n, q, totals);
  else Backward<false>(dy, x, dx, n, q, totals);
}

const Loops all{ForwardBlock, BackwardBlock};
