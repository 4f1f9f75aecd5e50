// Fake quantization with learned step size and offset as one TensorFlow op each way, on the CPU.
//
// Written with TensorFlow's own ops it takes up to three passes over an activation forward and eight backward; here it is
// one each way, and one more is saved where a ReLU comes before it. src/worker/engine/lowering.ts has the same
// arithmetic in TensorFlow's ops, for devices and machines that lack this file's binary.
#include <vector>

#include "lanes_headers.h"
#include "parallel.h"
#include "quantizer.h"
#include "tf_op.h"

namespace {

using namespace eqnet;

// Values in one block of work, and the span over which sums stay in float32.
constexpr int64_t kBlock = 1 << 14;
constexpr int64_t kRun = 1 << 10;

struct Loops {
  void (*forward)(bool relu, const float* x, float* y, int64_t n, Quantizer q);
  void (*backward)(bool relu, const float* dy, const float* x, float* dx, int64_t n, Quantizer q, double* totals);
};

#define EQNET_LOOPS "fake_quant_loops.h"
#include "each_instruction_set.h"
const Loops& loops = BestLoops();

struct Attributes {
  bool relu;
};

void* Create(TF_OpKernelConstruction* construction) { return new Attributes{BoolAttribute(construction, "relu")}; }
void Delete(void* kernel) { delete static_cast<Attributes*>(kernel); }

void ComputeForward(void* kernel, Context& context) {
  const bool relu = static_cast<Attributes*>(kernel)->relu;
  const Quantizer q = context.ReadQuantizer(1);
  float* y = context.ForwardOrAllocate({0}, 0, 0);
  const Input x = context.Get(0);
  if (!context.ok()) return;
  ParallelBlocks(x.size, kBlock, [&](int64_t, int64_t begin, int64_t end) {
    loops.forward(relu, x.data + begin, y + begin, end - begin, q);
  });
}

void ComputeBackward(void* kernel, Context& context) {
  const bool relu = static_cast<Attributes*>(kernel)->relu;
  const Quantizer q = context.ReadQuantizer(2);
  float* dx = context.ForwardOrAllocate({0, 1}, 1, 0);
  const Input dy = context.Get(0);
  const Input x = context.Get(1);
  float* out = context.AllocateVector(1, 2);
  if (!context.ok()) return;
  // One pair for each block, added in order: the sum does not depend on which thread took which block.
  std::vector<double> sums(2 * ((x.size + kBlock - 1) / kBlock));
  ParallelBlocks(x.size, kBlock, [&](int64_t block, int64_t begin, int64_t end) {
    loops.backward(relu, dy.data + begin, x.data + begin, dx + begin, end - begin, q, &sums[2 * block]);
  });
  double total[2] = {0, 0};
  for (size_t i = 0; i < sums.size(); i++) total[i % 2] += sums[i];
  out[0] = static_cast<float>(total[0]);
  out[1] = static_cast<float>(total[1]);
}

}  // namespace

namespace eqnet {

void RegisterFakeQuant() {
  RegisterOp({"EqnetFakeQuant",
              {"x: float", "step: float", "offset: float", "low: float", "high: float"},
              {"y: float"},
              {"relu: bool"},
              [](TF_ShapeInferenceContext* shapes, TF_Status* status) { CopyShape(shapes, 0, 0, status); },
              Create, Guarded<ComputeForward>, Delete});
  RegisterOp({"EqnetFakeQuantGrad",
              {"dy: float", "x: float", "step: float", "offset: float", "low: float", "high: float"},
              {"dx: float", "sums: float"},
              {"relu: bool"},
              [](TF_ShapeInferenceContext* shapes, TF_Status* status) {
                CopyShape(shapes, 1, 0, status);
                SetVectorShape(shapes, 1, 2, status);
              },
              Create, Guarded<ComputeBackward>, Delete});
}

}  // namespace eqnet
