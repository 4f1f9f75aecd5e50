// Work in blocks over the cores: TensorFlow's C interface for ops has no access to its own threads.
#pragma once

#include <cstdint>
#include <functional>

namespace eqnet {

// Calls work(block, begin, end) for each block of `size` items, on the calling thread and idle helpers; returns when all are done.
// Throws the first exception of `work`, whichever thread it was on; blocks that have not begun are then left out.
void ParallelBlocks(int64_t size, int64_t block, const std::function<void(int64_t block, int64_t begin, int64_t end)>& work);

}  // namespace eqnet
