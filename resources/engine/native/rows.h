// Work on a matrix [rows, channels] in blocks of whole rows.
#pragma once

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <vector>

#include "parallel.h"

namespace eqnet {

// Values in one block of work, and in the span over which sums stay in float32, which is some rows long at least.
constexpr int64_t kBlock = 1 << 14;
constexpr int64_t kRun = 1 << 11;
constexpr int64_t kRunRows = 16;

struct Span {
  int64_t begin;
  int64_t end;
};

// Rows from `start` on whose sums stay in float32.
inline int64_t Rows(const Span& span, int64_t start, int64_t channels) {
  return std::min(span.end - start, std::max(kRun / channels, kRunRows));
}

inline int64_t RowsOfBlock(int64_t channels) { return std::max<int64_t>(1, kBlock / channels); }
inline int64_t BlocksOf(int64_t rows, int64_t channels) { return (rows + RowsOfBlock(channels) - 1) / RowsOfBlock(channels); }

// Calls work(block, span) for each block.
template <typename Work>
void ParallelRows(int64_t rows, int64_t channels, const Work& work) {
  ParallelBlocks(rows, RowsOfBlock(channels), [&](int64_t index, int64_t begin, int64_t end) { work(index, Span{begin, end}); });
}

// The matrix with as many rows put together into one as fill whole registers: what there is for each channel is repeated. The last row may
// be one in part.
struct JoinedRows {
  static constexpr int64_t kWidest = 16;

  const int64_t copies;
  const int64_t channels;
  const int64_t rows;
  const int64_t values;

  JoinedRows(int64_t values, int64_t channels)
      : copies(kWidest / std::gcd(channels, kWidest)),
        channels(channels * copies),
        rows((values + this->channels - 1) / this->channels),
        values(values) {}

  int64_t blocks() const { return BlocksOf(rows, channels); }

  template <typename T>
  std::vector<T> Repeat(std::vector<T> of) const {
    const size_t size = of.size();
    of.resize(channels);
    for (size_t i = size; i < of.size(); i++) of[i] = of[i - size];
    return of;
  }
};

// Joined rows of one block; `rest` values are left over behind them.
struct Part {
  int64_t channels;
  Span span;
  int64_t rest;
};

// Calls work(block, part) for each block.
template <typename Work>
void ParallelParts(const JoinedRows& joined, const Work& work) {
  ParallelRows(joined.rows, joined.channels, [&](int64_t index, Span span) {
    const int64_t missing = std::max<int64_t>(0, span.end * joined.channels - joined.values);
    if (missing > 0) span.end--;
    work(index, Part{joined.channels, span, missing > 0 ? joined.channels - missing : 0});
  });
}

}  // namespace eqnet
