// Ensembles of small multilayer perceptrons, computed without TensorFlow: the accuracy predictor of a search, which is asked some
// hundred times for a hundred rows each, where a session call takes longer than the sums.
#pragma once

#include <cstdint>
#include <memory>
#include <new>
#include <vector>

namespace eqnet {

struct MlpLoops;

// Floats, not yet set, that begin at a cache line: no vector of them lies across two.
class AlignedFloats {
 public:
  explicit AlignedFloats(int64_t count) : values_(static_cast<float*>(::operator new(count * sizeof(float), kLine))) {}
  float* data() { return values_.get(); }
  const float* data() const { return values_.get(); }

 private:
  static constexpr std::align_val_t kLine{64};
  struct Free {
    void operator()(float* values) const { ::operator delete(values, kLine); }
  };
  std::unique_ptr<float[], Free> values_;
};

// ReLU layers, then a linear layer of one output; the result is the mean over the members. A row gets the same bits wherever it
// stands and whatever the threads: its sums are taken in one order.
class Mlp {
 public:
  // widths: columns of the code, units of each hidden layer, 1. tensors: for each member and layer the weights [in, out], then the
  // biases [out]; their sizes are `tensor_size`. loops: of FindMlpLoops.
  Mlp(std::vector<int32_t> widths, int32_t members, const std::vector<const float*>& tensors, const MlpLoops* loops);

  static int64_t tensor_size(const std::vector<int32_t>& widths, int64_t tensor);
  int64_t inputs() const { return widths_[0]; }
  // codes [rows, inputs] -> means [rows].
  void Predict(const float* codes, int64_t rows, float* means) const;

 private:
  struct Layer {
    AlignedFloats weights;  // panels, see MlpLayer
    AlignedFloats bias;     // of whole lanes
    bool finite;            // all weights: what is multiplied with 0 may be left out
  };
  int64_t Padded(int64_t columns) const;
  void PredictBlock(const float* codes, int64_t rows, float* means) const;

  const std::vector<int32_t> widths_;
  const int32_t members_;
  const MlpLoops* const loops_;
  int64_t widest_ = 0;
  int64_t products_ = 0;  // of one row
  std::vector<Layer> layers_;
};

// The loops of an instruction set, or those that are best on this machine when `name` is null; null where it cannot run them.
const MlpLoops* FindMlpLoops(const char* name);

}  // namespace eqnet
