// Included once for each instruction set, behind lanes.h: how loops go through joined rows.

struct WholeRow {
  int64_t channels;
  std::integral_constant<int64_t, kLanes> Width(int64_t) const { return {}; }
};
struct PartOfRow {
  int64_t channels;
  int64_t Width(int64_t c) const { return std::min(channels - c, kLanes); }
};

// What comes in the next run: the hardware does not see it come where a run is gone through channel by channel.
static inline __attribute__((always_inline)) void Prefetch(const float* values) { __builtin_prefetch(values + kRun); }

// Calls work(index of the first value, rows, columns) for runs of rows whose sums stay in float32.
template <typename Work>
static inline __attribute__((always_inline)) void ByRuns(const Part& part, const Work& work) {
  for (int64_t start = part.span.begin, rows; start < part.span.end; start += rows) {
    rows = Rows(part.span, start, part.channels);
    work(start * part.channels, rows, WholeRow{part.channels});
  }
  if (part.rest > 0) work(part.span.end * part.channels, 1, PartOfRow{part.rest});
}
