// Work on a matrix [rows, channels] in blocks of whole rows.
#pragma once

#include <algorithm>
#include <cstdint>

#include "parallel.h"

namespace eqnet {

// Values in one block of work, and in the span over which sums stay in float32.
constexpr int64_t kBlock = 1 << 14;
constexpr int64_t kRun = 1 << 11;

struct Span {
  int64_t begin;
  int64_t end;
};

// Rows from `start` on whose sums stay in float32.
inline int64_t Rows(const Span& span, int64_t start, int64_t channels) {
  const int64_t chunk = kRun / channels > 0 ? kRun / channels : 1;
  return span.end - start < chunk ? span.end - start : chunk;
}

inline int64_t RowsOfBlock(int64_t channels) { return std::max<int64_t>(1, kBlock / channels); }
inline int64_t BlocksOf(int64_t rows, int64_t channels) { return (rows + RowsOfBlock(channels) - 1) / RowsOfBlock(channels); }

// Calls work(block, span) for each block.
template <typename Work>
void ParallelRows(int64_t rows, int64_t channels, const Work& work) {
  ParallelBlocks(rows, RowsOfBlock(channels), [&](int64_t index, int64_t begin, int64_t end) { work(index, Span{begin, end}); });
}

}  // namespace eqnet
