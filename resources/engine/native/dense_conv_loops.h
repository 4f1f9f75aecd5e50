// Included once for each instruction set; see each_instruction_set.h.
#include "lanes.h"

// Sums that stay in registers: of kRows pixels or taps in kBlocks registers each.
constexpr int kSums = kLanes == 16 ? 24 : 12;

// How many registers of `channels` go into the next strip.
static inline int BlocksOf(int64_t channels) {
  const int64_t left = (channels + kLanes - 1) / kLanes;
  return left <= 4 ? left : left % 4 == 0 ? 4 : left % 3 == 0 || left == 5 ? 3 : 4;
}

// Calls work(first channel, blocks, width of the last one) for strips of up to four registers; the first and, but for what is left over, the
// last are constants.
template <typename Work>
static inline __attribute__((always_inline)) void ByStrips(int64_t channels, const Work& work) {
  const auto with = [&](int64_t c, int64_t last, auto blocks) __attribute__((always_inline)) {
    if (last == kLanes) work(c, blocks, std::integral_constant<int64_t, kLanes>());
    else work(c, blocks, last);
  };
  for (int64_t c = 0; c < channels;) {
    const int blocks = BlocksOf(channels - c);
    const int64_t last = std::min(channels - c - (blocks - 1) * kLanes, kLanes);
    switch (blocks) {
      case 1: with(c, last, std::integral_constant<int, 1>()); break;
      case 2: with(c, last, std::integral_constant<int, 2>()); break;
      case 3: with(c, last, std::integral_constant<int, 3>()); break;
      default: with(c, last, std::integral_constant<int, 4>());
    }
    c += blocks * kLanes;
  }
}

// Calls work(first row, rows) for as many rows at once as there are sums for; `rows` is a constant.
template <int kBlocks, typename Work>
static inline __attribute__((always_inline)) void ByTiles(int64_t rows, const Work& work) {
  constexpr int kTall = kSums / kBlocks;
  int64_t r = 0;
  for (; r + kTall <= rows; r += kTall) work(r, std::integral_constant<int, kTall>());
  if constexpr (kTall > 8) {
    for (; r + 8 <= rows; r += 8) work(r, std::integral_constant<int, 8>());
  }
  if constexpr (kTall > 3) {
    for (; r + 3 <= rows; r += 3) work(r, std::integral_constant<int, 3>());
  }
  for (; r < rows; r++) work(r, std::integral_constant<int, 1>());
}

// y[r, c] = sum over k of a[r, k] w[k, c]. Rows of w hold whole registers.
void Product(Matrix a, int64_t rows, int64_t depth, Matrix w, int64_t columns, float* y, int64_t y_stride) {
  ByStrips(columns, [&](int64_t c, auto blocks, auto last) __attribute__((always_inline)) {
    constexpr int kBlocks = decltype(blocks)::value;
    ByTiles<kBlocks>(rows, [&](int64_t first, auto count) __attribute__((always_inline)) {
      constexpr int kRows = decltype(count)::value;
      const float* from = a.data + first * a.stride;
      const float* by = w.data + c;
      Floats sums[kRows][kBlocks] = {};
      for (int64_t k = 0; k < depth; k++, by += w.stride) {
        Floats row[kBlocks];
#pragma GCC unroll 4
        for (int b = 0; b < kBlocks; b++) row[b] = Load(by + b * kLanes);
#pragma GCC unroll 24
        for (int r = 0; r < kRows; r++) {
          const Floats one = All(from[r * a.stride + k]);
#pragma GCC unroll 4
          for (int b = 0; b < kBlocks; b++) sums[r][b] += one * row[b];
        }
      }
#pragma GCC unroll 24
      for (int r = 0; r < kRows; r++) {
        float* to = y + (first + r) * y_stride + c;
#pragma GCC unroll 4
        for (int b = 0; b + 1 < kBlocks; b++) Store(to + b * kLanes, sums[r][b]);
        StoreSome(to + (kBlocks - 1) * kLanes, sums[r][kBlocks - 1], last);
      }
    });
  });
}

// sums[r, c] += sum over p of a[p, r] v[p, c]. Rows of the sums hold whole registers.
void Outer(Matrix a, int64_t rows, Matrix v, int64_t columns, int64_t pixels, float* to, int64_t stride) {
  ByStrips(columns, [&](int64_t c, auto blocks, auto last) __attribute__((always_inline)) {
    constexpr int kBlocks = decltype(blocks)::value;
    ByTiles<kBlocks>(rows, [&](int64_t first, auto count) __attribute__((always_inline)) {
      constexpr int kRows = decltype(count)::value;
      float* at = to + first * stride + c;
      Floats sums[kRows][kBlocks];
#pragma GCC unroll 24
      for (int r = 0; r < kRows; r++)
#pragma GCC unroll 4
        for (int b = 0; b < kBlocks; b++) sums[r][b] = Load(at + r * stride + b * kLanes);
      const float* one_by_one = a.data + first;
      const float* from = v.data + c;
      for (int64_t p = 0; p < pixels; p++, one_by_one += a.stride, from += v.stride) {
        Floats row[kBlocks];
#pragma GCC unroll 4
        for (int b = 0; b + 1 < kBlocks; b++) row[b] = Load(from + b * kLanes);
        row[kBlocks - 1] = LoadSome(from + (kBlocks - 1) * kLanes, last);
#pragma GCC unroll 24
        for (int r = 0; r < kRows; r++) {
          const Floats one = All(one_by_one[r]);
#pragma GCC unroll 4
          for (int b = 0; b < kBlocks; b++) sums[r][b] += one * row[b];
        }
      }
#pragma GCC unroll 24
      for (int r = 0; r < kRows; r++)
#pragma GCC unroll 4
        for (int b = 0; b < kBlocks; b++) Store(at + r * stride + b * kLanes, sums[r][b]);
    });
  });
}

// Adds rows to places of a line that are `step` apart and may overlap. Behind the last one there is room for a register.
void Scatter(Matrix rows, int64_t count, int64_t columns, float* line, int64_t step) {
  for (int64_t c = 0; c < columns; c += kLanes) {
    const Mask inside = FirstLanes(columns - c);
    float* to = line + c;
    for (int64_t i = 0; i < count; i++, to += step) Store(to, Load(to) + Keep(inside, Load(rows.data + i * rows.stride + c)));
  }
}

const Loops all{Product, Outer, Scatter};
