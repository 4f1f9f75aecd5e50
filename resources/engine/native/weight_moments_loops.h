// Included once for each instruction set; see each_instruction_set.h.
#include "lanes.h"

struct PowerSums {
  Floats of[4];
};

// Adds up what `add` finds in each run of values; sums of a run are in float32, of runs in float64.
template <int kCount, typename Add>
static inline __attribute__((always_inline)) void SumRuns(const float* w, int64_t n, double* totals, const Add& add) {
  for (int64_t start = 0; start < n; start += kRun) {
    const int64_t end = start + kRun < n ? start + kRun : n;
    PowerSums sums{};
    for (int64_t i = start; i < end; i += kLanes) add(sums.of, w + i, end - i < kLanes ? end - i : kLanes);
    for (int k = 0; k < kCount; k++) totals[k] += Sum(sums.of[k]);
  }
}

void Level(const float* w, int64_t n, double* totals) {
  SumRuns<2>(w, n, totals, [](Floats* sums, const float* from, int64_t width) __attribute__((always_inline)) {
    const Floats v = LoadSome(from, width);
    sums[0] += v;
    sums[1] += v * v;
  });
}

void Powers(const float* w, int64_t n, float mean, float scale, double* totals) {
  SumRuns<4>(w, n, totals, [=](Floats* sums, const float* from, int64_t width) __attribute__((always_inline)) {
    Floats d = (LoadSome(from, width) - mean) * scale;
    for (int64_t i = width; i < kLanes; i++) d[i] = 0.0f;
    const Floats d2 = d * d;
    sums[0] += d;
    sums[1] += d2;
    sums[2] += d2 * d;
    sums[3] += d2 * d2;
  });
}

void Gradient(const float* w, int64_t n, const Slope& slope, float* out) {
  for (int64_t i = 0; i < n; i += kLanes) {
    const int64_t width = n - i < kLanes ? n - i : kLanes;
    const Floats d = (LoadSome(w + i, width) - slope.mean) * slope.scale;
    StoreSome(out + i, (((d * slope.cubic + slope.square) * d + slope.linear) * d + slope.constant) * slope.scale, width);
  }
}

const Loops all{Level, Powers, Gradient};
