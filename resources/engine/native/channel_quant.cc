// Fake quantization of weights, whose last axis has a step size and an offset for each channel, as one TensorFlow op each way,
// on the CPU. With TensorFlow's own ops (src/worker/engine/lowering.ts) a layer takes 6 of them forward and 13 backward:
// weights are small, so that most of their time would be spent between ops.
#include <vector>

#include "lanes_headers.h"
#include "rows.h"
#include "tf_op.h"

namespace {

using namespace eqnet;

struct ChannelQuantizer {
  int64_t channels;
  const float* step;
  const float* offset;
  float low;
  float high;
};

struct Loops {
  void (*forward)(const ChannelQuantizer&, Span, const float* w, float* y);
  void (*backward)(const ChannelQuantizer&, Span, const float* dy, const float* w, float* dw, double* log_step, double* outside);
};

#define EQNET_LOOPS "channel_quant_loops.h"
#include "each_instruction_set.h"
const Loops& loops = BestLoops();

ChannelQuantizer Read(Context& context, int from) {
  const Input step = context.Get(from);
  return {step.size, step.data, context.Get(from + 1).data, context.Scalar(from + 2), context.Scalar(from + 3)};
}

void* Create(TF_OpKernelConstruction*) { return nullptr; }
void Delete(void*) {}

void ComputeForward(void*, Context& context) {
  float* y = context.ForwardOrAllocate({}, 0, 0);
  const Input w = context.Get(0);
  const ChannelQuantizer q = Read(context, 1);
  if (!context.ok() || q.channels == 0) return;
  ParallelRows(w.size / q.channels, q.channels, [&](int64_t, Span span) { loops.forward(q, span, w.data, y); });
}

void ComputeBackward(void*, Context& context) {
  float* dw = context.ForwardOrAllocate({0}, 1, 0);
  const Input dy = context.Get(0);
  const Input w = context.Get(1);
  const ChannelQuantizer q = Read(context, 2);
  float* log_step = context.AllocateVector(1, q.channels);
  float* outside = context.AllocateVector(2, q.channels);
  if (!context.ok() || q.channels == 0) return;
  const int64_t rows = w.size / q.channels;
  // One part for each block, added in order: the sums do not depend on which thread took which block.
  std::vector<double> parts(2 * q.channels * BlocksOf(rows, q.channels));
  ParallelRows(rows, q.channels, [&](int64_t block, Span span) {
    double* part = &parts[2 * q.channels * block];
    loops.backward(q, span, dy.data, w.data, dw, part, part + q.channels);
  });
  std::vector<double> totals(2 * q.channels);
  for (size_t i = 0; i < parts.size(); i++) totals[i % totals.size()] += parts[i];
  for (int64_t c = 0; c < q.channels; c++) {
    log_step[c] = static_cast<float>(totals[c]);
    outside[c] = static_cast<float>(totals[q.channels + c]);
  }
}

}  // namespace

namespace eqnet {

void RegisterChannelQuant() {
  RegisterOp({"EqnetChannelQuant",
              {"w: float", "step: float", "offset: float", "low: float", "high: float"},
              {"y: float"},
              {},
              [](TF_ShapeInferenceContext* shapes, TF_Status* status) { CopyShape(shapes, 0, 0, status); },
              Create, Guarded<ComputeForward>, Delete});
  RegisterOp({"EqnetChannelQuantGrad",
              {"dy: float", "w: float", "step: float", "offset: float", "low: float", "high: float"},
              {"dw: float", "log_step: float", "outside: float"},
              {},
              [](TF_ShapeInferenceContext* shapes, TF_Status* status) {
                CopyShape(shapes, 1, 0, status);
                for (int output = 1; output < 3; output++) CopyShape(shapes, 2, output, status);
              },
              Create, Guarded<ComputeBackward>, Delete});
}

}  // namespace eqnet
