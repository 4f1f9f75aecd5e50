// Runs a quantized network on the integers of one configuration: codes of 8 bits, sums of 32, and floats only between a layer
// and the codes of the next. Images are independent of each other, so each thread takes whole images through all layers while
// they stay in its cache; sums of products are exact, so no result depends on threads, tiles or instruction set.
#pragma once
#include <cstdint>
#include <memory>
#include <vector>

#include "integer_kernels.h"

namespace eqnet {

// Same numbers in src/worker/engine/integer-net.ts.
enum class OpKind : int32_t { kInput, kConvolution, kMap, kAdd, kMultiply, kConcat, kMaxPool, kAveragePool, kGlobalPool };
enum class StageKind : int32_t { kRelu, kSwish, kSigmoid, kNormalize };

struct Stage {
  StageKind kind;
  int32_t constant;  // where its numbers start
};

struct Op {
  OpKind kind;
  std::vector<int32_t> inputs;  // ops that made them
  int64_t height, width, channels;
  int64_t kernel[2], stride[2], padding[4];  // padding: top, bottom, left, right
  int64_t groups;
  bool count_padding;
  int32_t quantizer;  // of its output; -1 where that stays in floats
  std::vector<Stage> stages;
  int32_t convolution = -1;  // its place among the convolutions
  int32_t last_reader = 0;
  int32_t slot = 0;
  int64_t size() const { return height * width * channels; }
};

// A convolution or linear layer, its weights packed for the kernels.
struct Convolution {
  int32_t op;
  int64_t in_height, in_width, in_channels;  // of its input; a linear layer reads one pixel
  int64_t group_in, group_out, group_blocks;
  int64_t padded_width, padded_size;  // of the input with its border, in bytes
  int64_t out_stride;                 // channels of a pixel of sums, whole blocks for each group
  bool depthwise, pads;
  std::vector<int64_t> runs;
  int64_t run_length, run_groups;
  std::vector<int8_t> weights;
  std::vector<int16_t> taps;  // depthwise
  std::vector<int32_t> initial;
  // Weights less their zero point do not fit 8 bits: the zero point times the sum of the window is taken off afterwards.
  bool window_sums;
  std::vector<int32_t> zero_points;
  uint8_t border;
  std::vector<float> scale, bias;
};

// Bytes that are not cleared, and stay until they are too few or freed.
class Memory {
 public:
  uint8_t* Get(int64_t bytes) {
    if (bytes > size_) {
      Free();
      bytes_.reset(new uint8_t[bytes]);
      size_ = bytes;
    }
    return bytes_.get();
  }
  uint8_t* data() const { return bytes_.get(); }
  int64_t size() const { return size_; }
  void Free() {
    bytes_.reset();
    size_ = 0;
  }

 private:
  std::unique_ptr<uint8_t[]> bytes_;
  int64_t size_ = 0;
};

struct Scratch;
struct Buffers;

class IntegerNet {
 public:
  // plan: see `encodePlan` in src/worker/engine/integer-net.ts. Throws std::runtime_error where it makes no sense.
  IntegerNet(const int32_t* plan, int64_t size, const float* constants, int64_t constant_count, const Kernels* kernels);

  // grids: step, offset, low, high of each quantizer. weights: codes of each convolution, output channel fastest.
  void Load(const float* grids, const std::vector<const int8_t*>& weights, const std::vector<const int32_t*>& zero_points);
  void Fold(int32_t convolution, const float* scale, const float* bias);

  // Outputs of the last op, [count, size].
  void Evaluate(const uint8_t* images, int64_t count, float* out) const;

  // Goes through all images layer by layer, and halts behind the sums of a convolution: Begin, then Moments for each
  // convolution whose scale is not known before, in order, with Fold between them.
  void Begin(int64_t count);
  // sums and sums of squares of a convolution's outputs over the images and their pixels, [2 * channels]
  void Moments(const uint8_t* images, int32_t convolution, double* out);
  void End();

  int64_t batch_size() const { return batch_size_; }
  int64_t input_size() const { return ops_[0].size(); }
  int64_t output_size() const { return ops_.back().size(); }
  int64_t channels_of(int32_t convolution) const { return ops_[convolutions_[convolution].op].channels; }
  int64_t weights_of(int32_t convolution) const;
  int32_t convolution_count() const { return static_cast<int32_t>(convolutions_.size()); }
  int32_t quantizer_count() const { return quantizers_; }

 private:
  void AddConvolution(int32_t index);
  void AssignSlots();
  void Pack(Convolution& convolution, const int8_t* codes, const int32_t* zero_points);
  void RunOp(const Op& op, const uint8_t* pixels, const Buffers& buffers, Scratch& scratch, const int32_t* sums) const;
  bool Finish(const Op& op, const Buffers& buffers, uint8_t* to, Scratch& scratch, const int32_t* sums) const;
  void FillRow(const Op& op, int64_t row, const uint8_t* pixels, const Buffers& buffers, Scratch& scratch, const int32_t* sums) const;
  void Pool(const Op& op, int64_t row, const Buffers& buffers, Scratch& scratch) const;
  void GlobalPool(const Op& op, const Buffers& buffers, Scratch& scratch) const;
  void ApplyStage(const Op& op, const Stage& stage, float* x, int64_t n) const;
  const uint8_t* Border(const Convolution& convolution, const Buffers& buffers, Scratch& scratch) const;
  void SumRow(const Convolution& convolution, const uint8_t* padded, int64_t row, int32_t* sums) const;
  void Read(int32_t op, int64_t at, int64_t n, const Buffers& buffers, float* out) const;
  int64_t BytesOf(const Op& op) const { return op.size() * (op.quantizer < 0 ? sizeof(float) : 1) + kSlack; }

  const Kernels& kernels_;
  std::vector<Op> ops_;
  std::vector<Convolution> convolutions_;
  std::vector<float> constants_;
  std::vector<CodeGrid> grids_;
  int32_t quantizers_ = 0;
  std::vector<int64_t> slots_;  // bytes of each buffer that the tensors of one image share
  int64_t row_floats_ = 0, padded_bytes_ = 0, sum_count_ = 0;

  int64_t batch_size_ = 0;
  int32_t next_op_ = 0;
  bool halted_ = false;  // behind the sums of op next_op_
  std::vector<Memory> batch_slots_;
  Memory batch_sums_[2];
};

}  // namespace eqnet
