// Included once for each instruction set; see each_instruction_set.h.
#include "lanes.h"

// Output pixels whose windows lie within the row: [first, last).
struct Inside {
  int64_t first, last;
};

template <int K>
static Inside InsideOf(const Row& row) {
  const int64_t first = (row.left + row.stride - 1) / row.stride;
  const int64_t last = row.in_width + row.left < K ? 0 : (row.in_width + row.left - K) / row.stride + 1;
  return {std::min(first, row.out_width), std::max(std::min(last, row.out_width), std::min(first, row.out_width))};
}

// Calls work(begin, end, inside) for the parts of begin..end that lie before, inside and behind.
template <typename Work>
static inline __attribute__((always_inline)) void ByPart(int64_t begin, int64_t end, const Inside& inside, const Work& work) {
  const int64_t first = std::min(std::max(begin, inside.first), end), last = std::min(std::max(first, inside.last), end);
  if (begin < first) work(begin, first, std::false_type());
  if (first < last) work(first, last, std::true_type());
  if (last < end) work(last, end, std::false_type());
}

// One row of outputs, for columns begin..end.
template <int K>
static void Forward(const Row& row, int64_t begin, int64_t end, const float* const* x, const float* filter, float* y) {
  const Inside inside = InsideOf<K>(row);
  const int64_t n = row.channels;
  ByLanes(n, [&](int64_t c, auto width) __attribute__((always_inline)) {
    Floats w[K][K];
    for (int ky = 0; ky < K; ky++)
      for (int kx = 0; kx < K; kx++) w[ky][kx] = LoadSome(filter + (ky * K + kx) * n + c, width);
    ByPart(begin, end, inside, [&](int64_t from, int64_t to, auto whole) __attribute__((always_inline)) {
      for (int64_t ox = from; ox < to; ox++) {
        const int64_t ix = ox * row.stride - row.left;
        Floats sum{};
        if (whole) {
#pragma GCC unroll 5
          for (int ky = 0; ky < K; ky++)
#pragma GCC unroll 5
            for (int kx = 0; kx < K; kx++) sum += LoadSome(x[ky] + (ix + kx) * n + c, width) * w[ky][kx];
        } else {
          for (int kx = 0; kx < K; kx++) {
            if (ix + kx < 0 || ix + kx >= row.in_width) continue;
            for (int ky = 0; ky < K; ky++) sum += LoadSome(x[ky] + (ix + kx) * n + c, width) * w[ky][kx];
          }
        }
        StoreSome(y + ox * n + c, sum, width);
      }
    });
  });
}

// The gradient of those pixels of a row of the image, columns begin..end, that are `kPhase` behind the place of a window: from kRows rows
// of dy, each with the row of the filter that led there. Column kPhase + i * kStride of the filter led to output ox - i.
template <int K, int kStride, int kRows, int kPhase>
static inline void BackwardPhase(const Row& row, int64_t begin, int64_t end, const float* const* dy, const float* const* filter, float* dx) {
  constexpr int kTaps = (K - kPhase + kStride - 1) / kStride;
  const int64_t n = row.channels;
  const int64_t first = (begin + row.left - kPhase + kStride - 1) / kStride, last = (end + row.left - kPhase + kStride - 1) / kStride;
  const Inside inside{std::min<int64_t>(kTaps - 1, row.out_width), row.out_width};
  ByLanes(n, [&](int64_t c, auto width) __attribute__((always_inline)) {
    Floats w[kRows][kTaps];
    for (int r = 0; r < kRows; r++)
      for (int i = 0; i < kTaps; i++) w[r][i] = LoadSome(filter[r] + (kPhase + i * kStride) * n + c, width);
    ByPart(first, last, inside, [&](int64_t from, int64_t to, auto whole) __attribute__((always_inline)) {
      for (int64_t ox = from; ox < to; ox++) {
        Floats sum{};
#pragma GCC unroll 5
        for (int i = 0; i < kTaps; i++) {
          if (!whole && (ox - i < 0 || ox - i >= row.out_width)) continue;
#pragma GCC unroll 5
          for (int r = 0; r < kRows; r++) sum += LoadSome(dy[r] + (ox - i) * n + c, width) * w[r][i];
        }
        StoreSome(dx + (ox * kStride + kPhase - row.left) * n + c, sum, width);
      }
    });
  });
}

template <int K, int kStride, int kRows>
static void BackwardRows(const Row& row, int64_t begin, int64_t end, const float* const* dy, const float* const* filter, float* dx) {
  BackwardPhase<K, kStride, kRows, 0>(row, begin, end, dy, filter, dx);
  if (kStride == 2) BackwardPhase<K, kStride, kRows, kStride - 1>(row, begin, end, dy, filter, dx);
}

template <int K>
static void Backward(const Row& row, int64_t begin, int64_t end, int rows, const float* const* dy, const float* const* filter, float* dx) {
  if (row.stride == 1) BackwardRows<K, 1, K>(row, begin, end, dy, filter, dx);
  else if (rows == (K + 1) / 2) BackwardRows<K, 2, (K + 1) / 2>(row, begin, end, dy, filter, dx);
  else BackwardRows<K, 2, K / 2>(row, begin, end, dy, filter, dx);
}

// Adds what one row of dy, columns begin..end, gives to the gradient of the filter.
template <int K>
static void Reduce(const Row& row, int64_t begin, int64_t end, const float* const* x, const float* dy, float* dfilter) {
  const Inside inside = InsideOf<K>(row);
  const int64_t n = row.channels;
  ByLanes(n, [&](int64_t c, auto width) __attribute__((always_inline)) {
    Floats sums[K][K];
    for (int ky = 0; ky < K; ky++)
      for (int kx = 0; kx < K; kx++) sums[ky][kx] = LoadSome(dfilter + (ky * K + kx) * n + c, width);
    ByPart(begin, end, inside, [&](int64_t from, int64_t to, auto whole) __attribute__((always_inline)) {
      for (int64_t ox = from; ox < to; ox++) {
        const int64_t ix = ox * row.stride - row.left;
        const Floats d = LoadSome(dy + ox * n + c, width);
#pragma GCC unroll 5
        for (int kx = 0; kx < K; kx++) {
          if (!whole && (ix + kx < 0 || ix + kx >= row.in_width)) continue;
#pragma GCC unroll 5
          for (int ky = 0; ky < K; ky++) sums[ky][kx] += d * LoadSome(x[ky] + (ix + kx) * n + c, width);
        }
      }
    });
    for (int ky = 0; ky < K; ky++)
      for (int kx = 0; kx < K; kx++) StoreSome(dfilter + (ky * K + kx) * n + c, sums[ky][kx], width);
  });
}

const Loops all{{Forward<3>, Backward<3>, Reduce<3>}, {Forward<5>, Backward<5>, Reduce<5>}};
