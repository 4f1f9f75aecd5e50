// The loops of integer_net.cc, for the best instruction set of this machine. What they compute is the same on all: sums of
// products are whole numbers, and the arithmetic on floats is in the same order without fused multiply-adds.
#pragma once
#include <cstdint>

namespace eqnet {

// Output channels side by side in the packed weights, and codes that are multiplied at once.
constexpr int64_t kBlockChannels = 16;
constexpr int64_t kGroup = 4;
// Bytes behind a buffer of codes that kernels may read; what they find there meets weights of 0.
constexpr int64_t kSlack = 64;

// value = (code - shift) * step + offset; codes are stored with `shift` added, so that they are 0..255.
struct CodeGrid {
  float step, offset, low, high, shift;
};

struct ConvolutionRow {
  const uint8_t* base;       // first code of the first pixel's window
  int64_t pixel_step;        // bytes from the window of one output pixel to the next
  int64_t width;             // output pixels
  const int64_t* runs;       // where each contiguous run of a window starts
  int64_t run_count;
  int64_t run_groups;        // length of a run in groups of kGroup codes
  const int8_t* weights;     // [block][run][group][kBlockChannels][kGroup]
  int64_t blocks;
  const int32_t* initial;    // [blocks * kBlockChannels]
  int32_t* out;              // [width][out_stride]
  int64_t out_stride;
};

struct DepthwiseRow {
  const uint8_t* base;
  int64_t pixel_step;
  int64_t width;
  const int64_t* offsets;    // [taps]
  int64_t taps;
  const int16_t* weights;    // [taps][channels]
  int64_t channels;
  const int32_t* initial;
  int32_t* out;
  int64_t out_stride;
};

struct Kernels {
  void (*convolve_row)(const ConvolutionRow&);
  void (*convolve_depthwise_row)(const DepthwiseRow&);
  void (*affine)(const int32_t* sums, int64_t stride, const float* scale, const float* bias, int64_t pixels, int64_t channels, float* out);
  // affine, then clipped to least..most, then quantized; channels in whole blocks of kBlockChannels
  void (*affine_quantize)(const int32_t* sums, int64_t stride, const float* scale, const float* bias, int64_t pixels, int64_t channels,
                          float least, float most, const CodeGrid& grid, uint8_t* codes);
  // the sum of two tensors of codes, clipped and quantized in the same way; n in whole kBlockChannels
  void (*add_quantize)(const uint8_t* a, const CodeGrid& grid_a, const uint8_t* b, const CodeGrid& grid_b, int64_t n, float least,
                       float most, const CodeGrid& grid, uint8_t* codes);
  void (*add_moments)(const int32_t* sums, int64_t stride, int64_t pixels, int64_t channels, double* totals, double* squares);
  void (*relu)(float* x, int64_t n, float most);
  void (*add_into)(float* x, const float* y, int64_t n);
  void (*dequantize)(const uint8_t* codes, int64_t n, const CodeGrid& grid, float* out);
  void (*quantize)(const float* x, int64_t n, const CodeGrid& grid, uint8_t* codes);
};

// name: null for the best one; "plain", "avx2" or "avx512vnni" for tests. Null where this machine does not have it.
const Kernels* FindKernels(const char* name);

}  // namespace eqnet
