// Batch normalization with given statistics, and the ReLU or ReLU6 behind it, as one TensorFlow op on the CPU, where its input lies if
// nothing else reads that. y = clip((x - mean) gamma / sqrt(variance + epsilon) + beta, low, high)
#include <cmath>
#include <vector>

#include "lanes_headers.h"
#include "rows.h"
#include "tf_op.h"

namespace {

using namespace eqnet;

struct Attributes {
  float epsilon;
  float low;
  float high;
};

// Vectors over the channels of joined rows.
struct Norm {
  const float* mean;
  const float* scale;
  const float* beta;
  float low;
  float high;
};

struct Loops {
  void (*forward)(const Part&, const Norm&, const float* x, float* y);
};

#define EQNET_LOOPS "batch_norm_inference_loops.h"
#include "each_instruction_set.h"
const Loops& loops = BestLoops();

void* Create(TF_OpKernelConstruction* construction) {
  return new Attributes{FloatAttribute(construction, "epsilon"), FloatAttribute(construction, "low"), FloatAttribute(construction, "high")};
}
void Delete(void* kernel) { delete static_cast<Attributes*>(kernel); }

void Compute(void* kernel, Context& context) {
  const Attributes& attributes = *static_cast<Attributes*>(kernel);
  float* y = context.ForwardOrAllocate({0}, 0, 0);
  const Input x = context.Get(0);
  const Input gamma = context.Get(1);
  const Input beta = context.Get(2);
  const Input mean = context.Get(3);
  const Input variance = context.Get(4);
  if (!context.ok() || gamma.size == 0) return;
  const int64_t channels = gamma.size;
  std::vector<float> scales(channels);
  for (int64_t c = 0; c < channels; c++) scales[c] = gamma.data[c] / std::sqrt(variance.data[c] + attributes.epsilon);
  const JoinedRows joined(x.size, channels);
  const auto repeated = [&](const float* of) { return joined.Repeat(std::vector<float>(of, of + channels)); };
  const std::vector<float> means = repeated(mean.data), scale = repeated(scales.data()), shift = repeated(beta.data);
  const Norm norm{means.data(), scale.data(), shift.data(), attributes.low, attributes.high};
  ParallelParts(joined, [&](int64_t, const Part& part) { loops.forward(part, norm, x.data, y); });
}

}  // namespace

namespace eqnet {

void RegisterBatchNormInference() {
  RegisterOp({"EqnetBatchNormInference",
              {"x: float", "gamma: float", "beta: float", "mean: float", "variance: float"},
              {"y: float"},
              {"epsilon: float", "low: float", "high: float"},
              [](TF_ShapeInferenceContext* shapes, TF_Status* status) { CopyShape(shapes, 0, 0, status); },
              Create, Guarded<Compute>, Delete});
}

}  // namespace eqnet
