// The optimizer step of all weights as one TensorFlow op on the CPU: the gradient of the regularization added, clip by value, Adam, and
// the accumulated gradients emptied, in one pass over memory. With TensorFlow's own ops a variable takes about ten of them.
//
// What comes in from ReadVariableOp is the memory of the variables and is changed where it lies: TensorFlow's C interface has no other
// way for an op of ours to change a variable. That nothing else reads it meanwhile is seen to where the graph is written
// (`inPlace` in src/worker/engine/builder.ts). Formulae and their order are those of TensorFlow's ops, so that weights keep every bit.
#include <cmath>
#include <stdexcept>
#include <vector>

#include "lanes_headers.h"
#include "parallel.h"
#include "tf_op.h"

namespace {

using namespace eqnet;

constexpr int64_t kBlock = 1 << 14;

struct Step {
  float limit;
  float rate;   // with both corrections of the bias
  float first;  // 1 - beta1
  float second;
  float epsilon;
  float extra_scale;
};

struct Part {
  float* values;
  float* momenta;
  float* velocities;
  float* gradients;
  const float* extra;  // may be null
  int64_t size;
};

struct Loops {
  void (*update)(const Step& step, const Part& part);
};

#define EQNET_LOOPS "adam_loops.h"
#include "each_instruction_set.h"
const Loops& loops = BestLoops();

struct Attributes {
  int64_t variables;
  float beta1;
  float beta2;
  float epsilon;
  float extra_scale;
};

void* Create(TF_OpKernelConstruction* construction) {
  return new Attributes{IntAttribute(construction, "n"), FloatAttribute(construction, "beta1"), FloatAttribute(construction, "beta2"),
                        FloatAttribute(construction, "epsilon"), FloatAttribute(construction, "extra_scale")};
}
void Delete(void* kernel) { delete static_cast<Attributes*>(kernel); }

void Compute(void* kernel, Context& context) {
  const Attributes& attributes = *static_cast<Attributes*>(kernel);
  const float rate = context.Scalar(0);
  const float beta1_power = context.Scalar(1);
  const float beta2_power = context.Scalar(2);
  const float root = std::sqrt(1.0f - beta2_power);
  const Step step{context.Scalar(3),
                  rate * root / (1.0f - beta1_power),
                  1.0f - attributes.beta1,
                  1.0f - attributes.beta2,
                  root * attributes.epsilon,
                  attributes.extra_scale};
  const int n = static_cast<int>(attributes.variables);
  constexpr int kScalars = 4;
  const int extras = context.Inputs() - kScalars - 4 * n;
  std::vector<Part> parts;
  for (int i = 0; i < n; i++) {
    const int64_t size = context.Get(kScalars + i).size;
    float* of[4];
    for (int k = 0; k < 4; k++) of[k] = context.InPlace(kScalars + k * n + i, size);
    const Input extra = i < extras ? context.Get(kScalars + 4 * n + i) : Input{};
    if (!context.ok()) return;
    if (extra.data && extra.size != size) throw std::runtime_error("A gradient has not the size of its weights.");
    for (int64_t begin = 0; begin < size; begin += kBlock)
      parts.push_back({of[0] + begin, of[1] + begin, of[2] + begin, of[3] + begin, extra.data ? extra.data + begin : nullptr, std::min(kBlock, size - begin)});
  }
  ParallelBlocks(static_cast<int64_t>(parts.size()), 1, [&](int64_t, int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++) loops.update(step, parts[i]);
  });
}

}  // namespace

namespace eqnet {

void RegisterAdam() {
  RegisterOp({"EqnetAdam",
              {"rate: float", "beta1_power: float", "beta2_power: float", "limit: float", "values: n * float", "momenta: n * float",
               "velocities: n * float", "gradients: n * float", "extras: k * float"},
              {},
              {"n: int >= 1", "k: int >= 0", "beta1: float", "beta2: float", "epsilon: float", "extra_scale: float"},
              [](TF_ShapeInferenceContext*, TF_Status*) {},
              Create, Guarded<Compute>, Delete, true});
}

}  // namespace eqnet
