// The optimizer step of a quantizer table as one TensorFlow op on the CPU: Adam with a step count for each entry, of the entries that
// a pass used; the others keep everything, and are not even read. Of 130,000 entries of MobileNetV2 a step uses a tenth, and with
// TensorFlow's own ops it takes some forty of them over all. Changed in place as in adam.cc.
#include <cmath>
#include <cstdint>
#include <vector>

#include "parallel.h"
#include "tf_op.h"

namespace {

using namespace eqnet;

constexpr int64_t kBlock = 1 << 14;

// 1 - beta^t for t = 0, 1, ...; from the last on it is 1 in single precision.
std::vector<float> Corrections(float beta) {
  std::vector<float> corrections{1.0f};
  while (corrections.size() == 1 || corrections.back() < 1.0f)
    corrections.push_back(1.0f - static_cast<float>(std::pow(static_cast<double>(beta), static_cast<double>(corrections.size()))));
  return corrections;
}

struct Kernel {
  int64_t first;  // entries in front of it never move
  float first_rate;
  float second_rate;
  float epsilon;
  std::vector<float> first_corrections;
  std::vector<float> second_corrections;
};

void* Create(TF_OpKernelConstruction* construction) {
  return new Kernel{IntAttribute(construction, "first"),       FloatAttribute(construction, "first_rate"),
                    FloatAttribute(construction, "second_rate"), FloatAttribute(construction, "epsilon"),
                    Corrections(FloatAttribute(construction, "beta1")), Corrections(FloatAttribute(construction, "beta2"))};
}
void Delete(void* kernel) { delete static_cast<Kernel*>(kernel); }

float Correction(const std::vector<float>& corrections, float count) {
  const size_t last = corrections.size() - 1;
  return corrections[count < static_cast<float>(last) ? static_cast<size_t>(count) : last];
}

void Compute(void* raw, Context& context) {
  const Kernel& kernel = *static_cast<Kernel*>(raw);
  const float rate = context.Scalar(0);
  const float limit = context.Scalar(1);
  const int64_t size = context.Get(2).size;
  float* of[6];
  for (int k = 0; k < 6; k++) of[k] = context.InPlace(2 + k, size);
  if (!context.ok()) return;
  const auto [values, momenta, velocities, counts, gradients, used] = of;
  ParallelBlocks(size, kBlock, [&, values = values, momenta = momenta, velocities = velocities, counts = counts, gradients = gradients,
                                used = used](int64_t, int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++) {
      if (used[i] == 0.0f) continue;
      float g = gradients[i];
      used[i] = 0.0f;
      gradients[i] = 0.0f;
      if (i < kernel.first) continue;
      g = g > limit ? limit : g;
      g = g < -limit ? -limit : g;
      const float m = momenta[i] + (g - momenta[i]) * kernel.first_rate;
      const float v = velocities[i] + (g * g - velocities[i]) * kernel.second_rate;
      const float count = counts[i] + 1.0f;
      const float corrected = m / Correction(kernel.first_corrections, count);
      const float root = std::sqrt(v / Correction(kernel.second_corrections, count)) + kernel.epsilon;
      values[i] = values[i] - rate * (corrected / root);
      momenta[i] = m;
      velocities[i] = v;
      counts[i] = count;
    }
  });
}

}  // namespace

namespace eqnet {

void RegisterTableAdam() {
  RegisterOp({"EqnetTableAdam",
              {"rate: float", "limit: float", "values: float", "momenta: float", "velocities: float", "counts: float", "gradients: float",
               "used: float"},
              {},
              {"first: int", "beta1: float", "beta2: float", "first_rate: float", "second_rate: float", "epsilon: float"},
              [](TF_ShapeInferenceContext*, TF_Status*) {},
              Create, Guarded<Compute>, Delete, true});
}

}  // namespace eqnet
