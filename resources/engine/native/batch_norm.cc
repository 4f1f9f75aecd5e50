// Batch normalization with batch statistics, with what comes right behind it: the addition of a residual, with fake quantization
// before it, ReLU or ReLU6, and fake quantization. One TensorFlow op each way, on the CPU; forward and backward each read an activation twice, whatever
// follows the normalization. src/worker/engine/fuse.ts puts them in the place of TensorFlow's ops.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>

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

// Vectors over the channels: z = x scale + shift, and what the gradient needs.
struct Normalization {
  int64_t channels;
  const float* scale;
  const float* shift;
  const float* mean;
  const float* slope;
  const float* level;
};

struct Kind {
  void (*forward)(const Normalization&, const Activation&, Span, const float* x, const float* residual, float* y);
  void (*reduce)(const Normalization&, const Activation&, Span, const float* dy, const float* x, const float* residual, float* dz,
                 double* totals);
  void (*backward)(const Normalization&, const Activation&, Span, const float* dy, const float* x, float* dx);
};

// Sums behind those of the channels: of the quantizer and the one before the residual.
constexpr int64_t kQuantizerSums = 4;

struct Loops {
  void (*moments)(const float* x, int64_t channels, Span span, double* mean, double* squares);
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

// Mean and biased variance of each channel: the moments of blocks, put together in their order (Chan, Golub and LeVeque), so
// that the result does not depend on which thread took which block.
void BatchMoments(const float* x, int64_t rows, int64_t channels, std::vector<double>& mean, std::vector<double>& variance) {
  std::vector<double> parts(2 * channels * BlocksOf(rows, channels));
  std::vector<int64_t> counts(BlocksOf(rows, channels));
  ParallelRows(rows, channels, [&](int64_t block, Span span) {
    counts[block] = span.end - span.begin;
    double* part = &parts[2 * channels * block];
    loops.moments(x, channels, span, part, part + channels);
  });
  double count = 0;
  for (size_t block = 0; block < counts.size(); block++) {
    const double* part = &parts[2 * channels * block];
    const double more = static_cast<double>(counts[block]);
    const double all = count + more;
    for (int64_t c = 0; c < channels; c++) {
      const double delta = part[c] - mean[c];
      mean[c] += delta * more / all;
      variance[c] += part[channels + c] + delta * delta * count * more / all;
    }
    count = all;
  }
  // In this order, std::max lets a NaN of x through.
  for (int64_t c = 0; c < channels; c++) variance[c] = std::max(variance[c], 0.0) / count;
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
  std::vector<double> mean(channels);
  std::vector<double> variance(channels);
  BatchMoments(x.data, rows, channels, mean, variance);
  std::vector<float> scale(channels);
  std::vector<float> shift(channels);
  for (int64_t c = 0; c < channels; c++) {
    mean_out[c] = static_cast<float>(mean[c]);
    variance_out[c] = static_cast<float>(variance[c] * rows / std::max<int64_t>(rows - 1, 1));
    inverse_out[c] = static_cast<float>(1.0 / std::sqrt(variance[c] + attributes.epsilon));
    scale[c] = gamma.data[c] * inverse_out[c];
    shift[c] = beta.data[c] - mean_out[c] * scale[c];
  }
  const Normalization n{channels, scale.data(), shift.data(), nullptr, nullptr, nullptr};
  ParallelRows(rows, channels,
               [&](int64_t, Span span) { attributes.kind().forward(n, activation, span, x.data, residual.data, y); });
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
  std::vector<float> scale(channels);
  std::vector<float> shift(channels);
  for (int64_t c = 0; c < channels; c++) {
    scale[c] = gamma.data[c] * inverse.data[c];
    shift[c] = beta.data[c] - mean.data[c] * scale[c];
  }
  std::vector<float> slope(channels);
  std::vector<float> level(channels);
  const Normalization n{channels, scale.data(), shift.data(), mean.data, slope.data(), level.data()};
  const int64_t width = 2 * channels + kQuantizerSums;
  std::vector<double> parts(width * BlocksOf(rows, channels));
  ParallelRows(rows, channels, [&](int64_t block, Span span) {
    attributes.kind().reduce(n, activation, span, dy.data, x.data, residual.data, dz, &parts[width * block]);
  });
  std::vector<double> totals(width);
  for (size_t i = 0; i < parts.size(); i++) totals[i % width] += parts[i];
  for (int64_t c = 0; c < channels; c++) {
    const double product = totals[channels + c] * inverse.data[c];
    dbeta[c] = static_cast<float>(totals[c]);
    dgamma[c] = static_cast<float>(product);
    level[c] = static_cast<float>(totals[c] / rows);
    slope[c] = static_cast<float>(product * inverse.data[c] / rows);
  }
  for (int i = 0; i < 2; i++) {
    sums[i] = static_cast<float>(totals[2 * channels + i]);
    inner_sums[i] = static_cast<float>(totals[2 * channels + 2 + i]);
  }
  const float* from = attributes.residual ? dz : dy.data;
  ParallelRows(rows, channels, [&](int64_t, Span span) { attributes.kind().backward(n, activation, span, from, x.data, dx); });
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
