// Included once for each instruction set; see each_instruction_set.h.
#include "lanes.h"
#include "quantize_lanes.h"

struct LaneQuantizer {
  Floats step;
  Floats offset;
  float low;
  float high;
};

static inline __attribute__((always_inline)) LaneQuantizer LoadQuantizer(const ChannelQuantizer& q, int64_t c, int64_t width) {
  // lanes without a channel must not divide by zero
  Floats step = All(1.0f);
  for (int64_t i = 0; i < width; i++) step[i] = q.step[c + i];
  return {step, LoadSome(q.offset + c, width), q.low, q.high};
}

void Forward(const ChannelQuantizer& q, Span span, const float* w, float* y) {
  for (int64_t c = 0; c < q.channels; c += kLanes) {
    const int64_t width = q.channels - c < kLanes ? q.channels - c : kLanes;
    const LaneQuantizer lanes = LoadQuantizer(q, c, width);
    for (int64_t row = span.begin; row < span.end; row++) {
      const int64_t i = row * q.channels + c;
      StoreSome(y + i, Quantize<false>(LoadSome(w + i, width), lanes), width);
    }
  }
}

void Backward(const ChannelQuantizer& q, Span span, const float* dy, const float* w, float* dw, double* log_step, double* outside) {
  for (int64_t start = span.begin, rows; start < span.end; start += rows) {
    rows = Rows(span, start, q.channels);
    for (int64_t c = 0; c < q.channels; c += kLanes) {
      const int64_t width = q.channels - c < kLanes ? q.channels - c : kLanes;
      const LaneQuantizer lanes = LoadQuantizer(q, c, width);
      Sums sums;
      int64_t i = start * q.channels + c;
      for (int64_t row = 0; row < rows; row++, i += q.channels)
        StoreSome(dw + i, Gradient<false>(LoadSome(dy + i, width), LoadSome(w + i, width), lanes, sums), width);
      for (int64_t k = 0; k < width; k++) {
        log_step[c + k] += static_cast<double>(sums.log_step[k]) * lanes.step[k];
        outside[c + k] += sums.outside[k];
      }
    }
  }
}

const Loops all{Forward, Backward};
