// The parts of IntegerNet that get it ready: reading its plan, sizes of its buffers, packing of weights.
#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "integer_net.h"

namespace eqnet {
namespace {

struct Reader {
  const int32_t* data;
  int64_t left;
  int32_t Next() {
    if (left-- <= 0) throw std::runtime_error("The plan of the network ends too early.");
    return *data++;
  }
};

}  // namespace

IntegerNet::IntegerNet(const int32_t* plan, int64_t size, const float* constants, int64_t constant_count, const Kernels* kernels)
    : kernels_(*kernels), constants_(constants, constants + constant_count) {
  Reader reader{plan, size};
  const int32_t count = reader.Next();
  quantizers_ = reader.Next();
  for (int32_t index = 0; index < count; index++) {
    Op op;
    op.kind = static_cast<OpKind>(reader.Next());
    op.inputs.resize(reader.Next());
    for (int32_t& input : op.inputs) {
      input = reader.Next();
      if (input < 0 || input >= index) throw std::runtime_error("An op of the network reads what comes after it.");
      ops_[input].last_reader = index;
    }
    op.height = reader.Next();
    op.width = reader.Next();
    op.channels = reader.Next();
    for (int64_t& value : op.kernel) value = reader.Next();
    for (int64_t& value : op.stride) value = reader.Next();
    for (int64_t& value : op.padding) value = reader.Next();
    op.groups = reader.Next();
    op.count_padding = reader.Next() != 0;
    op.quantizer = reader.Next();
    op.stages.resize(reader.Next());
    for (Stage& stage : op.stages) stage = {static_cast<StageKind>(reader.Next()), reader.Next()};
    ops_.push_back(op);
    if (op.kind == OpKind::kConvolution) AddConvolution(index);
    row_floats_ = std::max(row_floats_, op.width * op.channels);
  }
  ops_.back().last_reader = count;
  grids_.resize(quantizers_);
  AssignSlots();
  batch_slots_.resize(slots_.size());
}

void IntegerNet::AddConvolution(int32_t index) {
  Op& op = ops_[index];
  const Op& input = ops_[op.inputs[0]];
  if (input.quantizer < 0) throw std::runtime_error("A convolution reads a tensor that is not quantized.");
  Convolution c{};
  c.op = index;
  c.in_height = input.height;
  c.in_width = input.width;
  c.in_channels = input.channels;
  c.group_in = c.in_channels / op.groups;
  c.group_out = op.channels / op.groups;
  c.depthwise = op.groups > 1 && c.group_in == 1 && c.group_out == 1;
  // One channel more has room for the sums of the windows, which some weights need.
  c.group_blocks = c.group_out / kBlockChannels + 1;
  c.padded_width = c.in_width + op.padding[2] + op.padding[3];
  c.pads = op.padding[0] || op.padding[1] || op.padding[2] || op.padding[3];
  c.padded_size = (c.in_height + op.padding[0] + op.padding[1]) * c.padded_width * c.in_channels + kSlack;
  c.out_stride = c.depthwise ? op.channels : op.groups * c.group_blocks * kBlockChannels;
  const bool whole_rows = op.groups == 1;
  c.run_length = whole_rows ? op.kernel[1] * c.in_channels : c.group_in;
  c.run_groups = (c.run_length + kGroup - 1) / kGroup;
  for (int64_t y = 0; y < op.kernel[0]; y++)
    for (int64_t x = 0; x < (whole_rows ? 1 : op.kernel[1]); x++) c.runs.push_back((y * c.padded_width + x) * c.in_channels);
  padded_bytes_ = std::max(padded_bytes_, c.padded_size);
  sum_count_ = std::max(sum_count_, op.width * c.out_stride);
  op.convolution = static_cast<int32_t>(convolutions_.size());
  c.scale.resize(op.channels);
  c.bias.resize(op.channels);
  convolutions_.push_back(c);
}

// Tensors whose last reader is behind them make room for others.
void IntegerNet::AssignSlots() {
  std::vector<int32_t> busy_until;
  for (int32_t i = 0; i < static_cast<int32_t>(ops_.size()); i++) {
    size_t slot = 0;
    while (slot < busy_until.size() && busy_until[slot] >= i) slot++;
    if (slot == busy_until.size()) {
      busy_until.push_back(0);
      slots_.push_back(0);
    }
    busy_until[slot] = ops_[i].last_reader;
    slots_[slot] = std::max(slots_[slot], BytesOf(ops_[i]));
    ops_[i].slot = static_cast<int32_t>(slot);
  }
}

int64_t IntegerNet::weights_of(int32_t index) const {
  const Convolution& c = convolutions_[index];
  const Op& op = ops_[c.op];
  return op.kernel[0] * op.kernel[1] * c.group_in * op.channels;
}

void IntegerNet::Load(const float* grids, const std::vector<const int8_t*>& weights, const std::vector<const int32_t*>& zero_points) {
  for (int32_t q = 0; q < quantizers_; q++) {
    const float* grid = grids + 4 * q;
    grids_[q] = {grid[0], grid[1], grid[2], grid[3], grid[2] < 0 ? 128.0f : 0.0f};
  }
  for (size_t i = 0; i < convolutions_.size(); i++) Pack(convolutions_[i], weights[i], zero_points[i]);
}

void IntegerNet::Fold(int32_t convolution, const float* scale, const float* bias) {
  Convolution& c = convolutions_[convolution];
  std::copy(scale, scale + c.scale.size(), c.scale.begin());
  std::copy(bias, bias + c.bias.size(), c.bias.begin());
}

// sum (u - border)(w - z) over a window: the border's code stands for 0. With v = w - z it is sum u v - border * sum v, and the
// second part is known beforehand; where v does not fit 8 bits, u w is summed and z * (sum u - border * taps) taken off later.
void IntegerNet::Pack(Convolution& c, const int8_t* codes, const int32_t* zero_points) {
  const Op& op = ops_[c.op];
  const CodeGrid& grid = grids_[ops_[op.inputs[0]].quantizer];
  // The offset is -step * zero point.
  c.border = static_cast<uint8_t>(std::lround(-grid.offset / grid.step) + static_cast<long>(grid.shift));
  const int64_t taps = op.kernel[0] * op.kernel[1], out = op.channels, total = taps * c.group_in * out;
  c.zero_points.assign(zero_points, zero_points + out);
  c.window_sums = false;
  if (!c.depthwise)
    for (int64_t i = 0; i < total && !c.window_sums; i++) {
      const int32_t v = codes[i] - zero_points[i % out];
      c.window_sums = v < -128 || v > 127;
    }
  const auto value = [&](int64_t i) { return static_cast<int32_t>(codes[i]) - (c.window_sums ? 0 : zero_points[i % out]); };
  const int64_t run_count = static_cast<int64_t>(c.runs.size());
  if (c.depthwise) {
    c.taps.resize(total);
    c.initial.assign(out, 0);
    for (int64_t i = 0; i < total; i++) {
      c.taps[i] = static_cast<int16_t>(value(i));
      c.initial[i % out] -= c.border * value(i);
    }
    return;
  }
  c.group_blocks = (c.group_out + (c.window_sums ? 1 : 0) + kBlockChannels - 1) / kBlockChannels;
  c.out_stride = op.groups * c.group_blocks * kBlockChannels;
  const int64_t block_bytes = run_count * c.run_groups * kBlockChannels * kGroup;
  c.weights.assign(op.groups * c.group_blocks * block_bytes, 0);
  c.initial.assign(op.groups * c.group_blocks * kBlockChannels, 0);
  const int64_t taps_in_run = c.run_length / c.group_in;
  for (int64_t g = 0; g < op.groups; g++)
    for (int64_t run = 0; run < run_count; run++)
      for (int64_t k = 0; k < c.run_length; k++) {
        const int64_t tap = run * taps_in_run + k / c.group_in, in = k % c.group_in;
        const int64_t from = (tap * c.group_in + in) * out + g * c.group_out;
        const int64_t at = ((run * c.run_groups + k / kGroup) * kBlockChannels) * kGroup + k % kGroup;
        for (int64_t o = 0; o < c.group_out + (c.window_sums ? 1 : 0); o++) {
          const int32_t v = o == c.group_out ? 1 : value(from + o);
          const int64_t block = g * c.group_blocks + o / kBlockChannels, lane = o % kBlockChannels;
          c.weights[block * block_bytes + at + lane * kGroup] = static_cast<int8_t>(v);
          c.initial[block * kBlockChannels + lane] -= c.border * v;
        }
      }
}

}  // namespace eqnet
