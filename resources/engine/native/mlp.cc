#include "mlp.h"

#include <cmath>

#include "lanes_headers.h"
#include "parallel.h"

namespace eqnet {

namespace {

// One layer as the loops take it. Weights lie in panels of columns, each [inputs, columns of the panel]; columns that the layer
// does not have are zeros, and are computed.
struct MlpLayer {
  const float* weights;
  const float* bias;
  int64_t inputs;
  int64_t in_stride;
  int64_t out_stride;  // columns, in whole lanes
  bool relu;
};

}  // namespace

struct MlpLoops {
  int64_t lanes;
  int64_t panel;
  void (*dense)(const MlpLayer& layer, const float* x, int64_t rows, float* out);
  // Those inputs of each row that are not 0: their numbers [rows, inputs] and how many they are [rows].
  void (*find)(const float* x, int64_t rows, int64_t inputs, int32_t* places, int32_t* counts);
  // As `dense`, without the other inputs.
  void (*sparse)(const MlpLayer& layer, const float* x, int64_t rows, const int32_t* places, const int32_t* counts, float* out);
};

namespace {

using Loops = MlpLoops;
#define EQNET_LOOPS "mlp_loops.h"
#include "each_instruction_set.h"

// Rows that go through all layers together: a panel of weights is read from the first cache by all but the first of them.
constexpr int64_t kBlockRows = 16;
// Products of a call below which waking another thread takes longer than what it would do.
constexpr int64_t kWorthThreads = 4'000'000;

}  // namespace

const MlpLoops* FindMlpLoops(const char* name) {
  if (!name) return &BestLoops();
#ifdef EQNET_X86
  const auto wanted = [name](const char* one) { return std::strcmp(name, one) == 0; };
  if (wanted("avx512")) return HasAvx512() ? &avx512::all : nullptr;
  if (wanted("avx2")) return HasAvx2() ? &avx2::all : nullptr;
#endif
  return std::strcmp(name, "plain") == 0 ? &plain::all : nullptr;
}

int64_t Mlp::tensor_size(const std::vector<int32_t>& widths, int64_t tensor) {
  const int64_t layer = tensor / 2 % (static_cast<int64_t>(widths.size()) - 1);
  return static_cast<int64_t>(widths[layer + 1]) * (tensor % 2 ? 1 : widths[layer]);
}

int64_t Mlp::Padded(int64_t columns) const { return (columns + loops_->lanes - 1) / loops_->lanes * loops_->lanes; }

Mlp::Mlp(std::vector<int32_t> widths, int32_t members, const std::vector<const float*>& tensors, const MlpLoops* loops)
    : widths_(std::move(widths)), members_(members), loops_(loops) {
  const int64_t depth = static_cast<int64_t>(widths_.size()) - 1;
  for (int64_t i = 0; i < members * depth; i++) {
    const int64_t inputs = widths_[i % depth], outputs = widths_[i % depth + 1], columns = Padded(outputs);
    const float* weights = tensors[2 * i];
    const float* bias = tensors[2 * i + 1];
    Layer layer{AlignedFloats(inputs * columns), AlignedFloats(columns), true};
    layer.finite = std::all_of(weights, weights + inputs * outputs, [](float w) { return std::isfinite(w); });
    std::fill(std::copy(bias, bias + outputs, layer.bias.data()), layer.bias.data() + columns, 0.0f);
    float* to = layer.weights.data();
    for (int64_t panel = 0; panel < columns; panel += loops_->panel) {
      const int64_t padded = std::min(loops_->panel, columns - panel), width = std::min(padded, outputs - panel);
      for (int64_t k = 0; k < inputs; k++, to += padded)
        std::fill(std::copy_n(weights + k * outputs + panel, width, to), to + padded, 0.0f);
    }
    widest_ = std::max(widest_, columns);
    products_ += inputs * columns;
    layers_.push_back(std::move(layer));
  }
}

void Mlp::PredictBlock(const float* codes, int64_t rows, float* means) const {
  const size_t depth = widths_.size() - 1;
  AlignedFloats from(rows * widest_), to(rows * widest_);
  std::unique_ptr<int32_t[]> places(new int32_t[rows * inputs()]);
  int32_t counts[kBlockRows];
  loops_->find(codes, rows, inputs(), places.get(), counts);
  std::fill(means, means + rows, 0.0f);
  for (size_t i = 0; i < layers_.size(); i++) {
    const size_t at = i % depth;
    const bool first = at == 0, last = at == depth - 1;
    const MlpLayer layer{layers_[i].weights.data(), layers_[i].bias.data(), widths_[at], first ? inputs() : Padded(widths_[at]),
                         Padded(widths_[at + 1]), !last};
    if (first && layers_[i].finite) loops_->sparse(layer, codes, rows, places.get(), counts, to.data());
    else loops_->dense(layer, first ? codes : from.data(), rows, to.data());
    if (last)
      for (int64_t r = 0; r < rows; r++) means[r] += to.data()[r * layer.out_stride];
    std::swap(from, to);
  }
  const float share = 1.0f / static_cast<float>(members_);
  for (int64_t r = 0; r < rows; r++) means[r] *= share;
}

void Mlp::Predict(const float* codes, int64_t rows, float* means) const {
  const auto block = [&](int64_t, int64_t begin, int64_t end) { PredictBlock(codes + begin * inputs(), end - begin, means + begin); };
  if (rows * products_ >= kWorthThreads) ParallelBlocks(rows, kBlockRows, block);
  else
    for (int64_t r = 0; r < rows; r += kBlockRows) block(0, r, std::min(rows, r + kBlockRows));
}

}  // namespace eqnet
