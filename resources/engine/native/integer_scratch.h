// What one thread of integer_net.cc works in.
#pragma once
#include <cstdint>
#include <vector>

#include "integer_kernels.h"

namespace eqnet {

struct Buffers {
  std::vector<uint8_t*> tensors;
  uint8_t* of(int32_t op) const { return tensors[op]; }
};

struct Scratch {
  Scratch(int64_t row_floats, int64_t padded_bytes, int64_t sum_count)
      : row(row_floats), second(row_floats), padded(padded_bytes), sums(sum_count), totals(row_floats) {}
  std::vector<float> row, second;  // one row of the longest tensor
  std::vector<uint8_t> padded;
  std::vector<int32_t> sums;
  std::vector<double> totals;
  const uint8_t* current = nullptr;  // the input of the convolution that runs, with its border
};

}  // namespace eqnet
