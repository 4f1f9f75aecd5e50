// Depthwise convolutions with 3x3 or 5x5 windows and their gradients, as TensorFlow ops on the CPU. TensorFlow's own take about as
// long where each window is next to the one before, and several times as long where windows move by two.
#include <vector>

#include "convolution.h"
#include "lanes_headers.h"
#include "parallel.h"

// Sums of products may keep the digits that a rounded product loses.
#pragma GCC optimize("fp-contract=fast")

namespace {

using namespace eqnet;

// A row of outputs and the rows of the image that it is made of.
struct Row {
  int64_t in_width, out_width, channels, stride, left;
};

struct Kind {
  void (*forward)(const Row& row, int64_t begin, int64_t end, const float* const* x, const float* filter, float* y);
  void (*backward)(const Row& row, int64_t begin, int64_t end, int count, const float* const* dy, const float* const* filter, float* dx);
  void (*reduce)(const Row& row, int64_t begin, int64_t end, const float* const* x, const float* dy, float* dfilter);
};

struct Loops {
  Kind three, five;
};

#define EQNET_LOOPS "depthwise_loops.h"
#include "each_instruction_set.h"
const Loops& loops = BestLoops();

constexpr int kMostRows = 5;

struct Shapes {
  int64_t batch, in_height, in_width, out_height, out_width, channels, kernel;
  int64_t stride, top, left;

  Shapes(const ConvolutionAttributes& a, int64_t n, int64_t in_h, int64_t in_w, int64_t out_h, int64_t out_w, int64_t c, int64_t k)
      : batch(n), in_height(in_h), in_width(in_w), out_height(out_h), out_width(out_w), channels(c), kernel(k), stride(a.stride[0]), top(a.padding[0]), left(a.padding[2]) {}

  Row row() const { return {in_width, out_width, channels, stride, left}; }
  const Kind& kind() const { return kernel == 3 ? loops.three : loops.five; }
  int64_t in_line() const { return in_width * channels; }
  int64_t out_line() const { return out_width * channels; }
  // Rows of the image under the window at `row` of the output; zeros where it stands over.
  void RowsOf(const float* image, int64_t row, const float* zeros, const float** rows) const {
    for (int64_t ky = 0; ky < kernel; ky++) {
      const int64_t y = row * stride - top + ky;
      rows[ky] = y < 0 || y >= in_height ? zeros : image + y * in_line();
    }
  }
};

// Calls work(unit, image, begin, end) for bands of `rows` rows of all images; few images are cut into more bands, for all threads.
int64_t BandsOf(int64_t batch, int64_t rows) {
  constexpr int64_t kUnits = 32;
  return std::min(std::max<int64_t>(1, kUnits / std::max<int64_t>(1, batch)), std::max<int64_t>(1, rows));
}
template <typename Work>
void ParallelBands(int64_t batch, int64_t rows, const Work& work) {
  const int64_t bands = BandsOf(batch, rows), each = (rows + bands - 1) / bands;
  ParallelBlocks(batch * bands, 1, [&](int64_t unit, int64_t, int64_t) {
    const int64_t begin = std::min(unit % bands * each, rows);
    work(unit, unit / bands, begin, std::min(begin + each, rows));
  });
}

// Calls work(begin, end) for parts of a row whose windows stay in the first cache while the channels are gone through.
template <typename Work>
void Tiles(int64_t width, int64_t channels, int64_t rows, const Work& work) {
  constexpr int64_t kCached = 6144;
  const int64_t tile = std::max<int64_t>(8, kCached / std::max<int64_t>(1, channels * rows));
  for (int64_t begin = 0; begin < width; begin += tile) work(begin, std::min(begin + tile, width));
}

void ComputeForward(void* kernel, Context& context) {
  const std::vector<int64_t> image = context.Shape(0), filter = context.Shape(1);
  if (!context.ok()) return;
  const auto& a = *static_cast<ConvolutionAttributes*>(kernel);
  const Shapes s(a, image[0], image[1], image[2], a.size[0], a.size[1], image[3], filter[0]);
  float* y = context.Allocate(0, {s.batch, s.out_height, s.out_width, s.channels});
  const Input x = context.Get(0);
  const Input w = context.Get(1);
  if (!context.ok()) return;
  const std::vector<float> zeros(s.in_line());
  ParallelBands(s.batch, s.out_height, [&](int64_t, int64_t image_at, int64_t begin, int64_t end) {
    const float* rows[kMostRows];
    for (int64_t row = begin; row < end; row++) {
      s.RowsOf(x.data + image_at * s.in_height * s.in_line(), row, zeros.data(), rows);
      float* to = y + (image_at * s.out_height + row) * s.out_line();
      Tiles(s.out_width, s.channels, s.kernel * s.stride, [&](int64_t from, int64_t until) { s.kind().forward(s.row(), from, until, rows, w.data, to); });
    }
  });
}

void ComputeInput(void* kernel, Context& context) {
  const std::vector<int64_t> filter = context.Shape(0), gradient = context.Shape(1);
  if (!context.ok()) return;
  const auto& a = *static_cast<ConvolutionAttributes*>(kernel);
  const Shapes s(a, gradient[0], a.size[0], a.size[1], gradient[1], gradient[2], gradient[3], filter[0]);
  float* dx = context.Allocate(0, {s.batch, s.in_height, s.in_width, s.channels});
  const Input w = context.Get(0);
  const Input dy = context.Get(1);
  if (!context.ok()) return;
  const std::vector<float> zeros(s.out_line());
  ParallelBands(s.batch, s.in_height, [&](int64_t, int64_t image_at, int64_t begin, int64_t end) {
    const float* rows[kMostRows];
    const float* filters[kMostRows];
    for (int64_t row = begin; row < end; row++) {
      int count = 0;
      for (int64_t ky = (row + s.top) % s.stride; ky < s.kernel; ky += s.stride) {
        const int64_t y = (row + s.top - ky) / s.stride;
        const bool outside = row + s.top < ky || y >= s.out_height;
        rows[count] = outside ? zeros.data() : dy.data + (image_at * s.out_height + y) * s.out_line();
        filters[count++] = w.data + ky * s.kernel * s.channels;
      }
      float* to = dx + (image_at * s.in_height + row) * s.in_line();
      Tiles(s.in_width, s.channels, s.kernel, [&](int64_t from, int64_t until) { s.kind().backward(s.row(), from, until, count, rows, filters, to); });
    }
  });
}

void ComputeFilter(void* kernel, Context& context) {
  const std::vector<int64_t> image = context.Shape(0), gradient = context.Shape(1);
  if (!context.ok()) return;
  const auto& a = *static_cast<ConvolutionAttributes*>(kernel);
  const Shapes s(a, image[0], image[1], image[2], gradient[1], gradient[2], image[3], a.size[0]);
  const int64_t count = s.kernel * s.kernel * s.channels;
  float* dw = context.Allocate(0, {s.kernel, s.kernel, 1, s.channels});
  const Input x = context.Get(0);
  const Input dy = context.Get(1);
  if (!context.ok()) return;
  const std::vector<float> zeros(s.in_line());
  // A part for each band, added in order: the sum does not depend on which thread took which.
  std::vector<float> parts(s.batch * BandsOf(s.batch, s.out_height) * count);
  ParallelBands(s.batch, s.out_height, [&](int64_t unit, int64_t image_at, int64_t begin, int64_t end) {
    const float* rows[kMostRows];
    for (int64_t row = begin; row < end; row++) {
      s.RowsOf(x.data + image_at * s.in_height * s.in_line(), row, zeros.data(), rows);
      const float* from = dy.data + (image_at * s.out_height + row) * s.out_line();
      Tiles(s.out_width, s.channels, s.kernel * s.stride, [&](int64_t first, int64_t last) { s.kind().reduce(s.row(), first, last, rows, from, &parts[unit * count]); });
    }
  });
  std::vector<double> totals(count);
  for (size_t i = 0; i < parts.size(); i += count)
    for (int64_t k = 0; k < count; k++) totals[k] += parts[i + k];
  for (int64_t k = 0; k < count; k++) dw[k] = static_cast<float>(totals[k]);
}

}  // namespace

namespace eqnet {

void RegisterDepthwise() {
  const std::vector<const char*> attributes = {"strides: list(int)", "padding: list(int)", "size: list(int)"};
  // size: [height, width] of the output, of the image, of the filter
  RegisterOp({"EqnetDepthwise", {"x: float", "filter: float"}, {"y: float"}, attributes, UnknownShape, CreateConvolution<true>, Guarded<ComputeForward>, DeleteConvolution});
  RegisterOp({"EqnetDepthwiseInput", {"filter: float", "dy: float"}, {"dx: float"}, attributes, UnknownShape, CreateConvolution<true>, Guarded<ComputeInput>, DeleteConvolution});
  RegisterOp({"EqnetDepthwiseFilter", {"x: float", "dy: float"}, {"dfilter: float"}, attributes, UnknownShape, CreateConvolution<true>, Guarded<ComputeFilter>, DeleteConvolution});
}

}  // namespace eqnet
