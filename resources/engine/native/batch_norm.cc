// Batch normalization with batch statistics, with what comes right behind it: the addition of a residual, with fake quantization
// before it, ReLU or ReLU6, and fake quantization. One TensorFlow op each way, on the CPU; forward and backward each read an activation twice, whatever
// follows the normalization. src/worker/engine/fuse.ts puts them in the place of TensorFlow's ops.
#include <cmath>
#include <vector>

#include "lanes_headers.h"
#include "quantizer.h"
#include "rows.h"
#include "tf_op.h"

namespace {

using namespace eqnet;

struct Activation {
  float cap;
  Quantizer quantizer;
  // before the residual
  Quantizer inner;
};

// Vectors over the channels of joined rows: z = x scale + shift, and what the gradient needs.
struct Normalization {
  const float* scale;
  const float* shift;
  const float* mean;
  const float* slope;
  const float* level;
};

struct Kind {
  void (*forward)(const Part&, const Normalization&, const Activation&, const float* x, const float* residual, float* y);
  void (*reduce)(const Part&, const Normalization&, const Activation&, const float* dy, const float* x, const float* residual, float* dz,
                 double* totals);
  void (*backward)(const Part&, const Normalization&, const Activation&, const float* dy, const float* x, float* dx);
};

// Sums behind those of the channels: of the quantizer and the one before the residual.
constexpr int64_t kQuantizerSums = 4;

struct Loops {
  void (*moments)(const Part&, const float* x, const float* shift, double* sums);
  const Kind* kinds;
};

#define EQNET_LOOPS "batch_norm_loops.h"
#include "each_instruction_set.h"
const Loops& loops = BestLoops();

struct Attributes {
  bool relu;
  float cap;
  bool quantize;
  bool residual;
  bool inner;
  float epsilon;

  const Kind& kind() const { return loops.kinds[6 * relu + 3 * quantize + residual + inner]; }
  // `from` is the index behind the inputs that it always has.
  Activation Read(Context& context, int from) const {
    return {cap, quantize ? context.ReadQuantizer(from) : Quantizer{}, inner ? context.ReadQuantizer(from + 4 * quantize) : Quantizer{}};
  }
  int ResidualAt(int from) const { return from + 4 * quantize + 4 * inner; }
};

void* Create(TF_OpKernelConstruction* construction) {
  return new Attributes{BoolAttribute(construction, "relu"), FloatAttribute(construction, "cap"), BoolAttribute(construction, "quantize"),
                        BoolAttribute(construction, "residual"), BoolAttribute(construction, "inner"), FloatAttribute(construction, "epsilon")};
}
void Delete(void* kernel) { delete static_cast<Attributes*>(kernel); }

// Sum of what the blocks found for each channel: in their order, so that it does not depend on which thread took which.
void AddUp(const std::vector<double>& parts, size_t width, const JoinedRows& joined, int64_t channels, std::vector<double>& totals) {
  for (size_t block = 0; block < parts.size(); block += width)
    for (int64_t kind = 0; kind < 2; kind++)
      for (int64_t copy = 0; copy < joined.copies; copy++) {
        const double* from = &parts[block + kind * joined.channels + copy * channels];
        double* to = &totals[kind * channels];
        for (int64_t c = 0; c < channels; c++) to[c] += from[c];
      }
}

// Mean and biased variance of each channel, from sums of the differences from its first value: that is as near to the mean as any.
void BatchMoments(const JoinedRows& joined, Input x, int64_t channels, std::vector<double>& mean, std::vector<double>& variance) {
  const std::vector<float> shift = joined.Repeat(std::vector<float>(x.data, x.data + channels));
  const int64_t width = 2 * joined.channels;
  std::vector<double> parts(width * joined.blocks());
  ParallelParts(joined, [&](int64_t block, const Part& part) { loops.moments(part, x.data, shift.data(), &parts[width * block]); });
  std::vector<double> totals(2 * channels);
  AddUp(parts, width, joined, channels, totals);
  const double rows = static_cast<double>(x.size / channels);
  for (int64_t c = 0; c < channels; c++) {
    const double from_shift = totals[c] / rows;
    mean[c] = x.data[c] + from_shift;
    // In this order, std::max lets a NaN of x through.
    variance[c] = std::max(totals[channels + c] / rows - from_shift * from_shift, 0.0);
  }
}

void ComputeForward(void* kernel, Context& context) {
  const Attributes& attributes = *static_cast<Attributes*>(kernel);
  const Input x = context.Get(0);
  const Input gamma = context.Get(1);
  const Input beta = context.Get(2);
  const Activation activation = attributes.Read(context, 3);
  const Input residual = attributes.residual ? context.Get(attributes.ResidualAt(3)) : Input{};
  const int64_t channels = gamma.size;
  float* y = context.ForwardOrAllocate({}, 0, 0);
  float* mean_out = context.AllocateVector(1, channels);
  float* variance_out = context.AllocateVector(2, channels);
  float* inverse_out = context.AllocateVector(3, channels);
  if (!context.ok() || channels == 0) return;
  const int64_t rows = x.size / channels;
  const JoinedRows joined(x.size, channels);
  std::vector<double> mean(channels);
  std::vector<double> variance(channels);
  if (rows > 0) BatchMoments(joined, x, channels, mean, variance);
  std::vector<float> scale(channels);
  std::vector<float> shift(channels);
  for (int64_t c = 0; c < channels; c++) {
    mean_out[c] = static_cast<float>(mean[c]);
    variance_out[c] = static_cast<float>(variance[c] * rows / std::max<int64_t>(rows - 1, 1));
    inverse_out[c] = static_cast<float>(1.0 / std::sqrt(variance[c] + attributes.epsilon));
    scale[c] = gamma.data[c] * inverse_out[c];
    shift[c] = beta.data[c] - mean_out[c] * scale[c];
  }
  scale = joined.Repeat(scale);
  shift = joined.Repeat(shift);
  const Normalization n{scale.data(), shift.data(), nullptr, nullptr, nullptr};
  ParallelParts(joined, [&](int64_t, const Part& part) { attributes.kind().forward(part, n, activation, x.data, residual.data, y); });
}

void ComputeBackward(void* kernel, Context& context) {
  const Attributes& attributes = *static_cast<Attributes*>(kernel);
  // Behind a residual its gradient, dz, is stored for the second pass, else dz is computed again.
  float* dz = attributes.residual ? context.ForwardOrAllocate({0}, 1, 4) : context.AllocateVector(4, 0);
  float* dx = attributes.residual ? context.ForwardOrAllocate({1}, 1, 0) : context.ForwardOrAllocate({0, 1}, 1, 0);
  const Input dy = context.Get(0);
  const Input x = context.Get(1);
  const Input gamma = context.Get(2);
  const Input beta = context.Get(3);
  const Input mean = context.Get(4);
  const Input inverse = context.Get(5);
  const Activation activation = attributes.Read(context, 6);
  const Input residual = attributes.residual ? context.Get(attributes.ResidualAt(6)) : Input{};
  const int64_t channels = gamma.size;
  float* dgamma = context.AllocateVector(1, channels);
  float* dbeta = context.AllocateVector(2, channels);
  float* sums = context.AllocateVector(3, 2);
  float* inner_sums = context.AllocateVector(5, 2);
  if (!context.ok() || channels == 0) return;
  const int64_t rows = x.size / channels;
  const JoinedRows joined(x.size, channels);
  std::vector<float> scale(channels);
  std::vector<float> shift(channels);
  for (int64_t c = 0; c < channels; c++) {
    scale[c] = gamma.data[c] * inverse.data[c];
    shift[c] = beta.data[c] - mean.data[c] * scale[c];
  }
  scale = joined.Repeat(scale);
  shift = joined.Repeat(shift);
  const std::vector<float> means = joined.Repeat(std::vector<float>(mean.data, mean.data + channels));
  const int64_t width = 2 * joined.channels + kQuantizerSums;
  std::vector<double> parts(width * joined.blocks());
  const Normalization to_sum{scale.data(), shift.data(), means.data(), nullptr, nullptr};
  ParallelParts(joined, [&](int64_t block, const Part& part) {
    attributes.kind().reduce(part, to_sum, activation, dy.data, x.data, residual.data, dz, &parts[width * block]);
  });
  std::vector<double> totals(2 * channels);
  AddUp(parts, width, joined, channels, totals);
  std::vector<float> slope(channels);
  std::vector<float> level(channels);
  for (int64_t c = 0; c < channels; c++) {
    const double product = totals[channels + c] * inverse.data[c];
    dbeta[c] = static_cast<float>(totals[c]);
    dgamma[c] = static_cast<float>(product);
    level[c] = static_cast<float>(totals[c] / rows);
    slope[c] = static_cast<float>(product * inverse.data[c] / rows);
  }
  double of_quantizers[kQuantizerSums] = {};
  for (size_t block = 0; block < parts.size(); block += width)
    for (int64_t i = 0; i < kQuantizerSums; i++) of_quantizers[i] += parts[block + 2 * joined.channels + i];
  for (int i = 0; i < 2; i++) {
    sums[i] = static_cast<float>(of_quantizers[i]);
    inner_sums[i] = static_cast<float>(of_quantizers[2 + i]);
  }
  slope = joined.Repeat(slope);
  level = joined.Repeat(level);
  const Normalization n{scale.data(), shift.data(), means.data(), slope.data(), level.data()};
  const float* from = attributes.residual ? dz : dy.data;
  ParallelParts(joined, [&](int64_t, const Part& part) { attributes.kind().backward(part, n, activation, from, x.data, dx); });
}

const std::vector<const char*> kAttributes = {"n: int >= 0", "relu: bool", "cap: float", "quantize: bool", "residual: bool",
                                              "inner: bool", "epsilon: float"};

}  // namespace

namespace eqnet {

void RegisterBatchNorm() {
  // extra: step, offset, low, high where it quantizes, the same of the quantizer before the residual, and the residual, where
  // there are any
  RegisterOp({"EqnetBatchNorm",
              {"x: float", "gamma: float", "beta: float", "extra: n * float"},
              {"y: float", "mean: float", "variance: float", "inverse: float"},
              kAttributes,
              [](TF_ShapeInferenceContext* shapes, TF_Status* status) {
                CopyShape(shapes, 0, 0, status);
                for (int output = 1; output < 4; output++) CopyShape(shapes, 1, output, status);
              },
              Create, Guarded<ComputeForward>, Delete});
  RegisterOp({"EqnetBatchNormGrad",
              {"dy: float", "x: float", "gamma: float", "beta: float", "mean: float", "inverse: float", "extra: n * float"},
              {"dx: float", "dgamma: float", "dbeta: float", "sums: float", "dresidual: float", "inner_sums: float"},
              kAttributes,
              [](TF_ShapeInferenceContext* shapes, TF_Status* status) {
                TF_ShapeInferenceContextSetUnknownShape(shapes, status);
                CopyShape(shapes, 1, 0, status);
                CopyShape(shapes, 2, 1, status);
                CopyShape(shapes, 2, 2, status);
                SetVectorShape(shapes, 3, 2, status);
                SetVectorShape(shapes, 5, 2, status);
              },
              Create, Guarded<ComputeBackward>, Delete});
}

}  // namespace eqnet
