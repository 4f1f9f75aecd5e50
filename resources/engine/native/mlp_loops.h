// Included once for each instruction set; see each_instruction_set.h. Vectors are as wide as its registers, and a panel of columns is
// kPanel of them.
#include "lanes.h"

constexpr int kRows = EQNET_SET == EQNET_AVX512 ? 8 : 4;
constexpr int kPanel = 3;

// sum + bias, and nothing below 0 where the layer is one of ReLU.
static inline __attribute__((always_inline)) void Finish(const Floats& sum, const float* bias, bool relu, float* out) {
  const Floats v = sum + Load(bias);
  Store(out, relu ? Relu(v) : v);
}

// kR rows of kC vectors of columns.
template <int kR, int kC>
static inline void DenseTile(const MlpLayer& layer, const float* weights, const float* bias, const float* x, float* out) {
  Floats sums[kR][kC] = {};
  const int64_t stride = layer.in_stride;
  for (int64_t k = 0; k < layer.inputs; k++, weights += kC * kLanes) {
    Floats w[kC];
#pragma GCC unroll 4
    for (int c = 0; c < kC; c++) w[c] = Load(weights + c * kLanes);
#pragma GCC unroll 8
    for (int r = 0; r < kR; r++) {
#pragma GCC unroll 4
      for (int c = 0; c < kC; c++) sums[r][c] = MulAdd(All(x[r * stride + k]), w[c], sums[r][c]);
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < kR; r++) {
#pragma GCC unroll 4
    for (int c = 0; c < kC; c++) Finish(sums[r][c], bias + c * kLanes, layer.relu, out + r * layer.out_stride + c * kLanes);
  }
}

template <int kC>
static void DensePanel(const MlpLayer& layer, const float* weights, const float* bias, const float* x, int64_t rows, float* out) {
  int64_t r = 0;
  const auto at = [&](int64_t row) { return x + row * layer.in_stride; };
  const auto to = [&](int64_t row) { return out + row * layer.out_stride; };
  for (; r + kRows <= rows; r += kRows) DenseTile<kRows, kC>(layer, weights, bias, at(r), to(r));
  for (; r + 2 <= rows; r += 2) DenseTile<2, kC>(layer, weights, bias, at(r), to(r));
  if (r < rows) DenseTile<1, kC>(layer, weights, bias, at(r), to(r));
}

// One row, of which only the inputs at `places` are not 0.
template <int kC>
static void SparsePanel(const MlpLayer& layer, const float* weights, const float* bias, const float* x, const int32_t* places, int64_t count,
                        float* out) {
  Floats sums[kC] = {};
  for (int64_t i = 0; i < count; i++) {
    const float* w = weights + places[i] * (kC * kLanes);
#pragma GCC unroll 4
    for (int c = 0; c < kC; c++) sums[c] = MulAdd(All(x[places[i]]), Load(w + c * kLanes), sums[c]);
  }
#pragma GCC unroll 4
  for (int c = 0; c < kC; c++) Finish(sums[c], bias + c * kLanes, layer.relu, out + c * kLanes);
}

// Calls work(vectors, weights, bias, out) for each panel; all have kPanel vectors but the last.
template <typename Work>
static inline __attribute__((always_inline)) void ByPanel(const MlpLayer& layer, float* out, const Work& work) {
  const float* weights = layer.weights;
  for (int64_t c = 0; c < layer.out_stride; c += kPanel * kLanes) {
    const int64_t vectors = std::min<int64_t>(kPanel, (layer.out_stride - c) / kLanes);
    if (vectors == 3) work(std::integral_constant<int, 3>(), weights, layer.bias + c, out + c);
    else if (vectors == 2) work(std::integral_constant<int, 2>(), weights, layer.bias + c, out + c);
    else work(std::integral_constant<int, 1>(), weights, layer.bias + c, out + c);
    weights += layer.inputs * vectors * kLanes;
  }
}

static void Dense(const MlpLayer& layer, const float* x, int64_t rows, float* out) {
  ByPanel(layer, out, [&](auto vectors, const float* weights, const float* bias, float* to) __attribute__((always_inline)) {
    DensePanel<decltype(vectors)::value>(layer, weights, bias, x, rows, to);
  });
}

static void Find(const float* x, int64_t rows, int64_t inputs, int32_t* places, int32_t* counts) {
  for (int64_t r = 0; r < rows; r++, x += inputs, places += inputs) {
    int64_t count = 0;
    for (int64_t k = 0; k < inputs; k++) {
      places[count] = static_cast<int32_t>(k);
      count += x[k] != 0.0f;
    }
    counts[r] = static_cast<int32_t>(count);
  }
}

// The same sums without the products with 0, of which the codes of configurations are full.
static void Sparse(const MlpLayer& layer, const float* x, int64_t rows, const int32_t* places, const int32_t* counts, float* out) {
  for (int64_t r = 0; r < rows; r++, x += layer.in_stride, places += layer.inputs, out += layer.out_stride) {
    ByPanel(layer, out, [&](auto vectors, const float* weights, const float* bias, float* to) __attribute__((always_inline)) {
      SparsePanel<decltype(vectors)::value>(layer, weights, bias, x, places, counts[r], to);
    });
  }
}

const Loops all{kLanes, kPanel * kLanes, Dense, Find, Sparse};
