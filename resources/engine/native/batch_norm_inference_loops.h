// Included once for each instruction set; see each_instruction_set.h.
#include "lanes.h"
#include "runs.h"

void Forward(const Part& part, const Norm& n, const float* x, float* y) {
  const float low = n.low, high = n.high;
  ByRuns(part, [&](int64_t first, int64_t rows, auto columns) __attribute__((always_inline)) {
    for (int64_t c = 0; c < columns.channels; c += kLanes) {
      const auto width = columns.Width(c);
      const Floats mean = Load(n.mean + c);
      const Floats scale = Load(n.scale + c);
      const Floats beta = Load(n.beta + c);
      int64_t i = first + c;
      for (int64_t row = 0; row < rows; row++, i += part.channels) {
        Prefetch(x + i);
        StoreSome(y + i, Clip((LoadSome(x + i, width) - mean) * scale + beta, low, high), width);
      }
    }
  });
}

const Loops all{Forward};
