#include "integer_net.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "integer_scratch.h"
#include "parallel.h"

namespace eqnet {

// Values of a tensor from element `at` on.
void IntegerNet::Read(int32_t index, int64_t at, int64_t n, const Buffers& buffers, float* out) const {
  const Op& op = ops_[index];
  const uint8_t* data = buffers.of(index);
  if (op.quantizer >= 0) kernels_.dequantize(data + at, n, grids_[op.quantizer], out);
  else std::memcpy(out, reinterpret_cast<const float*>(data) + at, n * sizeof(float));
}

// The input of a convolution with its border of zeros, which have a code of their own.
const uint8_t* IntegerNet::Border(const Convolution& convolution, const Buffers& buffers, Scratch& scratch) const {
  const Op& op = ops_[convolution.op];
  const uint8_t* codes = buffers.of(op.inputs[0]);
  if (!convolution.pads) return codes;
  uint8_t* padded = scratch.padded.data();
  const int64_t line = convolution.padded_width * convolution.in_channels;
  const int64_t left = op.padding[2] * convolution.in_channels, middle = convolution.in_width * convolution.in_channels;
  const auto fill = [&](uint8_t* to, int64_t n) { std::memset(to, convolution.border, n); };
  fill(padded, op.padding[0] * line);
  uint8_t* to = padded + op.padding[0] * line;
  for (int64_t y = 0; y < convolution.in_height; y++, to += line) {
    fill(to, left);
    std::memcpy(to + left, codes + y * middle, middle);
    fill(to + left + middle, line - left - middle);
  }
  fill(to, op.padding[1] * line);
  return padded;
}

void IntegerNet::SumRow(const Convolution& convolution, const uint8_t* padded, int64_t row, int32_t* sums) const {
  const Op& op = ops_[convolution.op];
  const uint8_t* base = padded + row * op.stride[0] * convolution.padded_width * convolution.in_channels;
  const int64_t step = op.stride[1] * convolution.in_channels;
  if (convolution.depthwise) {
    kernels_.convolve_depthwise_row({base, step, op.width, convolution.runs.data(), static_cast<int64_t>(convolution.runs.size()),
                                     convolution.taps.data(), op.channels, convolution.initial.data(), sums, convolution.out_stride});
    return;
  }
  const int64_t runs = static_cast<int64_t>(convolution.runs.size());
  const int64_t group_channels = convolution.group_blocks * kBlockChannels;
  const int64_t group_bytes = group_channels * runs * convolution.run_groups * kGroup;
  for (int64_t g = 0; g < op.groups; g++) {
    kernels_.convolve_row({base + g * convolution.group_in, step, op.width, convolution.runs.data(), runs, convolution.run_groups,
                           convolution.weights.data() + g * group_bytes, convolution.group_blocks,
                           convolution.initial.data() + g * group_channels, sums + g * group_channels, convolution.out_stride});
  }
  if (convolution.window_sums) {
    const int64_t ones = convolution.group_out;
    for (int64_t x = 0; x < op.width; x++)
      for (int64_t g = 0; g < op.groups; g++) {
        int32_t* group = sums + x * convolution.out_stride + g * group_channels;
        for (int64_t c = 0; c < convolution.group_out; c++) group[c] -= convolution.zero_points[g * convolution.group_out + c] * group[ones];
      }
  }
  // Groups lie in whole blocks: their channels move together.
  if (op.groups > 1 && group_channels != convolution.group_out)
    for (int64_t x = 0; x < op.width; x++)
      for (int64_t g = 1; g < op.groups; g++)
        std::memmove(sums + x * convolution.out_stride + g * convolution.group_out,
                     sums + x * convolution.out_stride + g * group_channels, convolution.group_out * sizeof(int32_t));
}

void IntegerNet::Pool(const Op& op, int64_t row, const Buffers& buffers, Scratch& scratch) const {
  const Op& input = ops_[op.inputs[0]];
  const int64_t c = op.channels, line = input.width * c;
  const bool most = op.kind == OpKind::kMaxPool;
  float* out = scratch.row.data();
  float* read = scratch.second.data();
  std::fill(out, out + op.width * c, most ? -INFINITY : 0.0f);
  const int64_t top = row * op.stride[0] - op.padding[0];
  const int64_t first = std::max<int64_t>(top, 0), last = std::min(top + op.kernel[0], input.height);
  for (int64_t y = first; y < last; y++) {
    Read(op.inputs[0], y * line, line, buffers, read);
    for (int64_t x = 0; x < op.width; x++) {
      const int64_t left = x * op.stride[1] - op.padding[2];
      for (int64_t at = std::max<int64_t>(left, 0); at < std::min(left + op.kernel[1], input.width); at++)
        for (int64_t i = 0; i < c; i++) {
          float& to = out[x * c + i];
          const float value = read[at * c + i];
          to = most ? std::max(to, value) : to + value;
        }
    }
  }
  if (most) return;
  for (int64_t x = 0; x < op.width; x++) {
    const int64_t left = x * op.stride[1] - op.padding[2];
    const int64_t columns = std::min(left + op.kernel[1], input.width) - std::max<int64_t>(left, 0);
    const float count = op.count_padding ? op.kernel[0] * op.kernel[1] : (last - first) * columns;
    for (int64_t i = 0; i < c; i++) out[x * c + i] /= count;
  }
}

void IntegerNet::GlobalPool(const Op& op, const Buffers& buffers, Scratch& scratch) const {
  const Op& input = ops_[op.inputs[0]];
  const int64_t c = op.channels, line = input.width * c;
  std::fill(scratch.totals.begin(), scratch.totals.end(), 0.0);
  for (int64_t y = 0; y < input.height; y++) {
    Read(op.inputs[0], y * line, line, buffers, scratch.second.data());
    for (int64_t x = 0; x < input.width; x++)
      for (int64_t i = 0; i < c; i++) scratch.totals[i] += scratch.second[x * c + i];
  }
  for (int64_t i = 0; i < c; i++) scratch.row[i] = static_cast<float>(scratch.totals[i] / (input.height * input.width));
}

void IntegerNet::FillRow(const Op& op, int64_t row, const uint8_t* pixels, const Buffers& buffers, Scratch& scratch,
                         const int32_t* sums) const {
  const int64_t n = op.width * op.channels, at = row * n;
  float* out = scratch.row.data();
  switch (op.kind) {
    case OpKind::kInput:
      for (int64_t i = 0; i < n; i++) out[i] = pixels[at + i] / 255.0f;
      return;
    case OpKind::kConvolution: {
      const Convolution& convolution = convolutions_[op.convolution];
      const int32_t* from = sums ? sums + row * op.width * op.channels : scratch.sums.data();
      if (!sums) SumRow(convolution, scratch.current, row, scratch.sums.data());
      kernels_.affine(from, sums ? op.channels : convolution.out_stride, convolution.scale.data(), convolution.bias.data(), op.width,
                      op.channels, out);
      return;
    }
    case OpKind::kMap:
      return Read(op.inputs[0], at, n, buffers, out);
    case OpKind::kAdd:
      Read(op.inputs[0], at, n, buffers, out);
      Read(op.inputs[1], at, n, buffers, scratch.second.data());
      return kernels_.add_into(out, scratch.second.data(), n);
    case OpKind::kMultiply: {
      const bool gate = ops_[op.inputs[1]].size() != op.size();
      Read(op.inputs[0], at, n, buffers, out);
      Read(op.inputs[1], gate ? 0 : at, gate ? op.channels : n, buffers, scratch.second.data());
      for (int64_t i = 0; i < n; i++) out[i] *= scratch.second[gate ? i % op.channels : i];
      return;
    }
    case OpKind::kConcat: {
      int64_t first = 0;
      for (const int32_t input : op.inputs) {
        const int64_t channels = ops_[input].channels;
        Read(input, row * op.width * channels, op.width * channels, buffers, scratch.second.data());
        for (int64_t x = 0; x < op.width; x++)
          std::memcpy(out + x * op.channels + first, scratch.second.data() + x * channels, channels * sizeof(float));
        first += channels;
      }
      return;
    }
    case OpKind::kMaxPool:
    case OpKind::kAveragePool:
      return Pool(op, row, buffers, scratch);
    case OpKind::kGlobalPool:
      return GlobalPool(op, buffers, scratch);
  }
}

void IntegerNet::ApplyStage(const Op& op, const Stage& stage, float* x, int64_t n) const {
  const float* numbers = constants_.data() + stage.constant;
  switch (stage.kind) {
    case StageKind::kRelu:
      return kernels_.relu(x, n, numbers[0]);
    case StageKind::kSwish:
      for (int64_t i = 0; i < n; i++) x[i] = x[i] / (1.0f + std::exp(-x[i]));
      return;
    case StageKind::kSigmoid:
      for (int64_t i = 0; i < n; i++) x[i] = 1.0f / (1.0f + std::exp(-x[i]));
      return;
    case StageKind::kNormalize:
      for (int64_t i = 0; i < n; i++) x[i] = (x[i] - numbers[i % op.channels]) / numbers[op.channels + i % op.channels];
      return;
  }
}

// Most convolutions and residual sums: whole blocks of channels, at most a ReLU behind, then codes. Returns whether this is one,
// and done.
bool IntegerNet::Finish(const Op& op, const Buffers& buffers, uint8_t* to, Scratch& scratch, const int32_t* sums) const {
  const bool relu = op.stages.size() == 1 && op.stages[0].kind == StageKind::kRelu;
  if (op.quantizer < 0 || op.channels % kBlockChannels || (op.stages.size() && !relu)) return false;
  const float least = relu ? 0.0f : -INFINITY, most = relu ? constants_[op.stages[0].constant] : INFINITY;
  const CodeGrid& grid = grids_[op.quantizer];
  if (op.kind == OpKind::kAdd) {
    const Op &a = ops_[op.inputs[0]], &b = ops_[op.inputs[1]];
    if (a.quantizer < 0 || b.quantizer < 0) return false;
    kernels_.add_quantize(buffers.of(op.inputs[0]), grids_[a.quantizer], buffers.of(op.inputs[1]), grids_[b.quantizer], op.size(), least,
                          most, grid, to);
    return true;
  }
  if (op.kind != OpKind::kConvolution) return false;
  const Convolution& convolution = convolutions_[op.convolution];
  const int64_t n = op.width * op.channels;
  const int64_t rows = sums ? 1 : op.height, pixels = sums ? op.height * op.width : op.width;
  for (int64_t row = 0; row < rows; row++) {
    if (!sums) SumRow(convolution, scratch.current, row, scratch.sums.data());
    kernels_.affine_quantize(sums ? sums : scratch.sums.data(), sums ? op.channels : convolution.out_stride, convolution.scale.data(),
                             convolution.bias.data(), pixels, op.channels, least, most, grid, to + row * n);
  }
  return true;
}

// @param sums of a convolution that were taken before, [pixels, channels]; null to take them now
void IntegerNet::RunOp(const Op& op, const uint8_t* pixels, const Buffers& buffers, Scratch& scratch, const int32_t* sums) const {
  const int64_t n = op.width * op.channels;
  uint8_t* to = buffers.of(static_cast<int32_t>(&op - ops_.data()));
  if (op.kind == OpKind::kConvolution && !sums) scratch.current = Border(convolutions_[op.convolution], buffers, scratch);
  if (Finish(op, buffers, to, scratch, sums)) return;
  for (int64_t row = 0; row < op.height; row++) {
    FillRow(op, row, pixels, buffers, scratch, sums);
    float* values = scratch.row.data();
    for (const Stage& stage : op.stages) ApplyStage(op, stage, values, n);
    if (op.quantizer >= 0) kernels_.quantize(values, n, grids_[op.quantizer], to + row * n);
    else std::memcpy(to + row * n * sizeof(float), values, n * sizeof(float));
  }
}

void IntegerNet::Evaluate(const uint8_t* images, int64_t count, float* out) const {
  constexpr int64_t kImages = 8;
  ParallelBlocks(count, kImages, [&](int64_t, int64_t begin, int64_t end) {
    Scratch scratch(row_floats_, padded_bytes_, sum_count_);
    std::vector<std::vector<uint8_t>> memory;
    for (const int64_t bytes : slots_) memory.emplace_back(bytes);
    Buffers buffers{std::vector<uint8_t*>(ops_.size())};
    for (size_t i = 0; i < ops_.size(); i++) buffers.tensors[i] = memory[ops_[i].slot].data();
    for (int64_t image = begin; image < end; image++) {
      for (const Op& op : ops_) RunOp(op, images + image * input_size(), buffers, scratch, nullptr);
      Read(static_cast<int32_t>(ops_.size()) - 1, 0, output_size(), buffers, out + image * output_size());
    }
  });
}

void IntegerNet::Begin(int64_t count) {
  batch_size_ = count;
  next_op_ = 0;
  halted_ = false;
}

void IntegerNet::End() {
  // What the next configuration would only have to ask for again is kept, unless it is much.
  constexpr int64_t kKept = 64 << 20;
  int64_t bytes = batch_sums_[0].size() + batch_sums_[1].size();
  for (const Memory& memory : batch_slots_) bytes += memory.size();
  if (bytes <= kKept) return;
  for (Memory& memory : batch_slots_) memory.Free();
  for (Memory& memory : batch_sums_) memory.Free();
}

void IntegerNet::Moments(const uint8_t* images, int32_t index, double* out) {
  constexpr int64_t kImages = 4;
  const Convolution& convolution = convolutions_[index];
  const Op& last = ops_[convolution.op];
  const int64_t channels = last.channels, pixels = last.height * last.width;
  // The sums of the last call are read while those of this one are written.
  std::swap(batch_sums_[0], batch_sums_[1]);
  const int32_t* before = halted_ ? reinterpret_cast<const int32_t*>(batch_sums_[1].data()) : nullptr;
  int32_t* after = reinterpret_cast<int32_t*>(batch_sums_[0].Get(batch_size_ * pixels * channels * sizeof(int32_t)));
  for (size_t slot = 0; slot < slots_.size(); slot++) batch_slots_[slot].Get(batch_size_ * slots_[slot]);
  std::vector<double> parts(batch_size_ * 2 * channels);
  ParallelBlocks(batch_size_, kImages, [&](int64_t, int64_t begin, int64_t end) {
    Scratch scratch(row_floats_, padded_bytes_, sum_count_);
    Buffers buffers{std::vector<uint8_t*>(ops_.size())};
    for (int64_t image = begin; image < end; image++) {
      for (size_t i = 0; i < ops_.size(); i++) buffers.tensors[i] = batch_slots_[ops_[i].slot].data() + image * slots_[ops_[i].slot];
      for (int32_t i = next_op_; i < convolution.op; i++) {
        // Where the last call halted, the sums are there already.
        const int32_t* taken = i == next_op_ && before ? before + image * ops_[i].size() : nullptr;
        RunOp(ops_[i], images + image * input_size(), buffers, scratch, taken);
      }
      const uint8_t* padded = Border(convolution, buffers, scratch);
      double* part = parts.data() + image * 2 * channels;
      for (int64_t row = 0; row < last.height; row++) {
        int32_t* to = after + (image * pixels + row * last.width) * channels;
        const bool dense = convolution.out_stride == channels;
        int32_t* sums = dense ? to : scratch.sums.data();
        SumRow(convolution, padded, row, sums);
        kernels_.add_moments(sums, convolution.out_stride, last.width, channels, part, part + channels);
        if (dense) continue;
        for (int64_t x = 0; x < last.width; x++)
          std::memcpy(to + x * channels, sums + x * convolution.out_stride, channels * sizeof(int32_t));
      }
    }
  });
  // Image by image in order: the total does not depend on which thread took which image.
  std::fill(out, out + 2 * channels, 0.0);
  for (int64_t image = 0; image < batch_size_; image++)
    for (int64_t i = 0; i < 2 * channels; i++) out[i] += parts[image * 2 * channels + i];
  next_op_ = convolution.op;
  halted_ = true;
}

}  // namespace eqnet
