// Skewness, kurtosis, WDR loss and its gradient of one weight tensor (EQ-Net equations 4 to 6) as one TensorFlow op on the CPU.
// src/worker/ops/weight-moments.ts has the same in a few dozen of TensorFlow's ops, with what is taken for noise.
#include <cmath>
#include <vector>

#include "lanes_headers.h"
#include "parallel.h"
#include "tf_op.h"

namespace {

using namespace eqnet;

constexpr int64_t kBlock = 1 << 14;
constexpr int64_t kRun = 1 << 10;
// Standard deviation, relative to the root mean square, below which single precision leaves no digits of the moments.
constexpr double kNoise = 1e-5;

// gradient = scale (cubic d^3 + square d^2 + linear d + constant), d = (w - mean) scale
struct Slope {
  float mean;
  float scale;
  float cubic;
  float square;
  float linear;
  float constant;
};

struct Loops {
  // sums of w and w^2
  void (*level)(const float* w, int64_t n, double* totals);
  // sums of d, d^2, d^3 and d^4
  void (*powers)(const float* w, int64_t n, float mean, float scale, double* totals);
  void (*gradient)(const float* w, int64_t n, const Slope& slope, float* out);
};

#define EQNET_LOOPS "weight_moments_loops.h"
#include "each_instruction_set.h"
const Loops& loops = BestLoops();

// Sums of blocks, added in order: they do not depend on which thread took which block.
template <size_t kCount, typename Work>
void SumBlocks(int64_t size, double (&totals)[kCount], const Work& work) {
  std::vector<double> parts(kCount * ((size + kBlock - 1) / kBlock));
  ParallelBlocks(size, kBlock, [&](int64_t block, int64_t begin, int64_t end) { work(begin, end - begin, &parts[kCount * block]); });
  for (size_t i = 0; i < parts.size(); i++) totals[i % kCount] += parts[i];
}

void* Create(TF_OpKernelConstruction*) { return nullptr; }
void Delete(void*) {}

void Compute(void*, Context& context) {
  const Input w = context.Get(0);
  const double skew_coefficient = context.Scalar(1);
  const double kurtosis_coefficient = context.Scalar(2);
  const double target = context.Scalar(3);
  float* outputs[3];
  for (int i = 0; i < 3; i++) outputs[i] = context.AllocateScalar(i);
  float* gradient = context.ForwardOrAllocate({}, 0, 3);
  if (!context.ok() || w.size == 0) return;
  const double n = static_cast<double>(w.size);
  double level[2] = {};
  SumBlocks(w.size, level, [&](int64_t from, int64_t count, double* part) { loops.level(w.data + from, count, part); });
  const float mean = static_cast<float>(level[0] / n);
  double centred[4] = {};
  SumBlocks(w.size, centred, [&](int64_t from, int64_t count, double* part) { loops.powers(w.data + from, count, mean, 1.0f, part); });
  const double deviation = std::sqrt(centred[1] / std::max(n - 1, 1.0));
  const double noise = std::sqrt(level[1] / n) * kNoise + 1e-12;
  // written so that a NaN counts as live: a diverged training must be seen
  const bool live = !(deviation <= noise);
  const double scale = live ? 1.0 / deviation : 0.0;
  double d[4] = {};
  SumBlocks(w.size, d, [&](int64_t from, int64_t count, double* part) {
    loops.powers(w.data + from, count, mean, static_cast<float>(scale), part);
  });
  const double skewness = d[2] / n;
  const double kurtosis = d[3] / n;
  const double distance = kurtosis - target;
  *outputs[0] = static_cast<float>(skewness);
  *outputs[1] = static_cast<float>(kurtosis);
  *outputs[2] = static_cast<float>(skew_coefficient * skewness * skewness + kurtosis_coefficient * distance * distance);
  // h = square d^2 + cubic d^3 = dL/dd; dw = (h - mean(h) - d sum(h d) / (n - 1)) / sigma
  const double square = 6 / n * skew_coefficient * skewness;
  const double cubic = 8 / n * kurtosis_coefficient * distance;
  const Slope slope{mean,
                    static_cast<float>(scale),
                    static_cast<float>(cubic),
                    static_cast<float>(square),
                    static_cast<float>(-(square * d[2] + cubic * d[3]) / std::max(n - 1, 1.0)),
                    static_cast<float>(-(square * d[1] + cubic * d[2]) / n)};
  ParallelBlocks(w.size, kBlock,
                 [&](int64_t, int64_t begin, int64_t end) { loops.gradient(w.data + begin, end - begin, slope, gradient + begin); });
}

}  // namespace

namespace eqnet {

void RegisterWeightMoments() {
  RegisterOp({"EqnetWeightMoments",
              {"w: float", "skew_coefficient: float", "kurtosis_coefficient: float", "target: float"},
              {"skewness: float", "kurtosis: float", "loss: float", "gradient: float"},
              {},
              [](TF_ShapeInferenceContext* shapes, TF_Status* status) {
                for (int output = 0; output < 3; output++) CopyShape(shapes, 1, output, status);
                CopyShape(shapes, 0, 3, status);
              },
              Create, Guarded<Compute>, Delete});
}

}  // namespace eqnet
