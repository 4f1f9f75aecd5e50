// Included once for each instruction set; see each_instruction_set.h.
#include "lanes.h"
#include "quantize_lanes.h"

struct LaneQuantizer {
  Floats step;
  Floats offset;
  float low;
  float high;
};

template <typename Width>
static inline __attribute__((always_inline)) LaneQuantizer LoadQuantizer(const ChannelQuantizer& q, int64_t c, Width width) {
  Floats step = LoadSome(q.step + c, width);
  // lanes without a channel must not divide by zero
  for (int64_t i = width; i < kLanes; i++) step[i] = 1.0f;
  return {step, LoadSome(q.offset + c, width), q.low, q.high};
}

void Forward(const ChannelQuantizer& q, Span span, const float* w, float* y) {
  const int64_t channels = q.channels;
  ByLanes(channels, [&](int64_t c, auto width) __attribute__((always_inline)) {
    const LaneQuantizer lanes = LoadQuantizer(q, c, width);
    int64_t i = span.begin * channels + c;
    for (int64_t row = span.begin; row < span.end; row++, i += channels) StoreSome(y + i, Quantize<false>(LoadSome(w + i, width), lanes), width);
  });
}

void Backward(const ChannelQuantizer& q, Span span, const float* dy, const float* w, float* dw, double* log_step, double* outside) {
  const int64_t channels = q.channels;
  for (int64_t start = span.begin, rows; start < span.end; start += rows) {
    rows = Rows(span, start, channels);
    ByLanes(channels, [&](int64_t c, auto width) __attribute__((always_inline)) {
      const LaneQuantizer lanes = LoadQuantizer(q, c, width);
      Sums sums;
      int64_t i = start * channels + c;
      for (int64_t row = 0; row < rows; row++, i += channels)
        StoreSome(dw + i, Gradient<false>(LoadSome(dy + i, width), LoadSome(w + i, width), lanes, sums), width);
      for (int64_t k = 0; k < width; k++) {
        log_step[c + k] += static_cast<double>(sums.log_step[k]) * lanes.step[k];
        outside[c + k] += sums.outside[k];
      }
    });
  }
}

const Loops all{Forward, Backward};
