// Convolutions of floats, forward and backward, where TensorFlow's take long: windows of one pixel, windows that move by more than one, and
// images of few channels (what it takes them to lays values out anew, and has many channels in mind). TensorFlow ops on the CPU.
//
// A line of the image with its padding holds the values under a row of windows: those of the window at x are the `run` of kernel width
// times channels from stride * x * channels on. So a line of windows is a matrix whose rows overlap, and every sum here is a product of
// matrices.
#include <memory>
#include <vector>

#include "convolution.h"
#include "lanes_headers.h"
#include "parallel.h"

// Sums of products may keep the digits that a rounded product loses.
#pragma GCC optimize("fp-contract=fast")

namespace {

using namespace eqnet;

struct Matrix {
  const float* data;
  int64_t stride;
};

struct Loops {
  void (*product)(Matrix a, int64_t rows, int64_t depth, Matrix w, int64_t columns, float* y, int64_t y_stride);
  void (*outer)(Matrix a, int64_t rows, Matrix v, int64_t columns, int64_t pixels, float* sums, int64_t stride);
  void (*scatter)(Matrix rows, int64_t count, int64_t columns, float* line, int64_t step);
};

#define EQNET_LOOPS "dense_conv_loops.h"
#include "each_instruction_set.h"
const Loops& loops = BestLoops();

// Floats in the widest register.
constexpr int64_t kWidest = 16;
// Pixels whose values stay in the caches while the channels are gone through.
constexpr int64_t kPixels = 96;
// Parts of a sum over all images, and values in all of them together.
constexpr int64_t kMostParts = 32;
constexpr int64_t kPartValues = 1 << 19;
// Channels of the outputs in one part.
constexpr int64_t kPartChannels = 256;

struct Shapes {
  int64_t batch, height, width, in, out_height, out_width, out, kernel_y, kernel_x;
  int64_t stride_y, stride_x, top, bottom, left, right;

  Shapes(const ConvolutionAttributes& a, const std::vector<int64_t>& image, const std::vector<int64_t>& filter, int64_t out_h, int64_t out_w)
      : batch(image[0]), height(image[1]), width(image[2]), in(image[3]), out_height(out_h), out_width(out_w), out(filter[3]),
        kernel_y(filter[0]), kernel_x(filter[1]), stride_y(a.stride[0]), stride_x(a.stride[1]),
        top(a.padding[0]), bottom(a.padding[1]), left(a.padding[2]), right(a.padding[3]) {}

  int64_t run() const { return kernel_x * in; }
  int64_t line() const { return (width + left + right) * in; }
  int64_t lines() const { return height + top + bottom; }
  int64_t pixels() const { return out_height * out_width; }
  int64_t image() const { return height * width * in; }
  bool padded() const { return top + bottom + left + right > 0; }
  // All pixels of all images are one line.
  bool pointwise() const { return kernel_y == 1 && kernel_x == 1 && stride_y == 1 && stride_x == 1 && !padded(); }
};

// The matrix with rows of whole registers, in `store` where they are none yet.
Matrix WholeRegisters(const float* data, int64_t rows, int64_t columns, std::vector<float>& store) {
  if (columns % kWidest == 0) return {data, columns};
  const int64_t stride = RoundUp(columns, kWidest);
  store.assign(rows * stride, 0.0f);
  for (int64_t r = 0; r < rows; r++) std::copy_n(data + r * columns, columns, store.data() + r * stride);
  return {store.data(), stride};
}

// For each row of the filter the matrix [outputs, run], in rows of whole registers.
std::vector<float> Transposed(const Shapes& s, const float* filter) {
  const int64_t stride = RoundUp(s.run(), kWidest), size = s.out * stride;
  std::vector<float> all(s.kernel_y * size);
  constexpr int64_t kSquare = 16;
  ParallelBlocks(s.out, 4 * kSquare, [&](int64_t, int64_t begin, int64_t end) {
    for (int64_t ky = 0; ky < s.kernel_y; ky++) {
      const float* from = filter + ky * s.run() * s.out;
      float* to = all.data() + ky * size;
      for (int64_t c = begin; c < end; c += kSquare)
        for (int64_t j = 0; j < s.run(); j++)
          for (int64_t i = c; i < std::min(c + kSquare, end); i++) to[i * stride + j] = from[j * s.out + i];
    }
  });
  return all;
}

void ComputePointwise(void*, Context& context) {
  const std::vector<int64_t> image = context.Shape(0), filter = context.Shape(1);
  if (!context.ok()) return;
  const int64_t in = image[3], out = filter[3], pixels = image[0] * image[1] * image[2];
  float* y = context.Allocate(0, {image[0], image[1], image[2], out});
  const Input x = context.Get(0);
  const Input w = context.Get(1);
  if (!context.ok()) return;
  std::vector<float> store;
  const Matrix weights = WholeRegisters(w.data, in, out, store);
  ParallelBlocks(pixels, kPixels, [&](int64_t, int64_t begin, int64_t end) {
    loops.product({x.data + begin * in, in}, end - begin, in, weights, out, y + begin * out, out);
  });
}

void ComputeInput(void* kernel, Context& context) {
  const auto& attributes = *static_cast<ConvolutionAttributes*>(kernel);
  const std::vector<int64_t> filter = context.Shape(0), gradient = context.Shape(1);
  if (!context.ok()) return;
  const Shapes s(attributes, {gradient[0], attributes.size[0], attributes.size[1], filter[2]}, filter, gradient[1], gradient[2]);
  float* dx = context.Allocate(0, {s.batch, s.height, s.width, s.in});
  const Input w = context.Get(0);
  const Input dy = context.Get(1);
  if (!context.ok()) return;
  const std::vector<float> transposed = Transposed(s, w.data);
  const int64_t stride = RoundUp(s.run(), kWidest);
  if (s.pointwise()) {
    ParallelBlocks(s.batch * s.pixels(), kPixels, [&](int64_t, int64_t begin, int64_t end) {
      loops.product({dy.data + begin * s.out, s.out}, end - begin, s.out, {transposed.data(), stride}, s.in, dx + begin * s.in, s.in);
    });
    return;
  }
  // The gradient takes shape where it stays, unless there is padding around it or registers reach behind it.
  const bool direct = !s.padded() && s.run() % kWidest == 0;
  ParallelBlocks(s.batch, 1, [&](int64_t image, int64_t, int64_t) {
    std::vector<float> row(s.out_width * stride), store(direct ? 0 : s.lines() * s.line() + kWidest);
    float* of_image = dx + image * s.image();
    float* lines = direct ? of_image : store.data();
    if (direct) std::fill_n(lines, s.image(), 0.0f);
    const float* from = dy.data + image * s.pixels() * s.out;
    for (int64_t y = 0; y < s.out_height; y++, from += s.out_width * s.out)
      for (int64_t ky = 0; ky < s.kernel_y; ky++) {
        loops.product({from, s.out}, s.out_width, s.out, {transposed.data() + ky * s.out * stride, stride}, s.run(), row.data(), stride);
        loops.scatter({row.data(), stride}, s.out_width, s.run(), lines + (y * s.stride_y + ky) * s.line(), s.stride_x * s.in);
      }
    if (direct) return;
    for (int64_t y = 0; y < s.height; y++)
      std::copy_n(lines + (s.top + y) * s.line() + s.left * s.in, s.width * s.in, of_image + y * s.width * s.in);
  });
}

// The sums of an op over all images, in parts that are added in their order: the result does not depend on which thread took which.
// Vectors run along the outputs, or along the run where the outputs fill registers worse.
class FilterSums {
 public:
  FilterSums(const Shapes& s, int64_t units)
      : s_(s),
        along_run_(Wasted(s.run()) * s.out < Wasted(s.out) * s.run()),
        rows_(along_run_ ? s.out : s.run()),
        columns_(along_run_ ? s.run() : s.out),
        stride_(RoundUp(columns_, kWidest)),
        size_(s.kernel_y * rows_ * stride_),
        parts_(std::max<int64_t>(1, std::min({kMostParts, kPartValues / std::max<int64_t>(1, size_), units}))),
        each_((units + parts_ - 1) / parts_),
        units_(units),
        values_(parts_ * size_) {}

  // Calls work(begin, end, add) for the units of each part; add(ky, runs, gradients, pixels) adds products.
  template <typename Work>
  void Run(const Work& work) {
    const int64_t strips = (columns_ + kPartChannels - 1) / kPartChannels;
    ParallelBlocks(parts_ * strips, 1, [&](int64_t task, int64_t, int64_t) {
      const int64_t part = task / strips, first = task % strips * kPartChannels, columns = std::min(kPartChannels, columns_ - first);
      work(std::min(part * each_, units_), std::min((part + 1) * each_, units_), [&](int64_t ky, Matrix runs, Matrix gradients, int64_t pixels) {
        const Matrix a = along_run_ ? gradients : runs, v = along_run_ ? runs : gradients;
        loops.outer(a, rows_, {v.data + first, v.stride}, columns, pixels, values_.data() + part * size_ + ky * rows_ * stride_ + first, stride_);
      });
    });
  }

  void Store(float* filter) const {
    const int64_t rows = s_.kernel_y * rows_;
    ParallelBlocks(rows, std::max<int64_t>(1, (1 << 13) / std::max<int64_t>(1, stride_ * parts_)), [&](int64_t, int64_t begin, int64_t end) {
      std::vector<double> totals(columns_);
      for (int64_t row = begin; row < end; row++) {
        std::fill(totals.begin(), totals.end(), 0.0);
        for (int64_t part = 0; part < parts_; part++) {
          const float* from = values_.data() + part * size_ + row * stride_;
          for (int64_t c = 0; c < columns_; c++) totals[c] += from[c];
        }
        const int64_t ky = row / rows_, r = row % rows_;
        float* to = filter + ky * s_.run() * s_.out + (along_run_ ? r : r * s_.out);
        for (int64_t c = 0; c < columns_; c++) to[along_run_ ? c * s_.out : c] = static_cast<float>(totals[c]);
      }
    });
  }

 private:
  static int64_t Wasted(int64_t channels) { return RoundUp(channels, kWidest); }

  const Shapes& s_;
  const bool along_run_;
  const int64_t rows_, columns_, stride_, size_, parts_, each_, units_;
  std::vector<float> values_;
};

// An image with its padding, in `store` where it has any.
const float* Padded(const Shapes& s, const float* image, std::vector<float>& store) {
  if (!s.padded()) return image;
  store.assign(s.lines() * s.line(), 0.0f);
  for (int64_t y = 0; y < s.height; y++)
    std::copy_n(image + y * s.width * s.in, s.width * s.in, store.data() + (s.top + y) * s.line() + s.left * s.in);
  return store.data();
}

void ComputeFilter(void* kernel, Context& context) {
  const auto& attributes = *static_cast<ConvolutionAttributes*>(kernel);
  const std::vector<int64_t> image = context.Shape(0), gradient = context.Shape(1);
  if (!context.ok()) return;
  const Shapes s(attributes, image, {attributes.size[0], attributes.size[1], image[3], gradient[3]}, gradient[1], gradient[2]);
  float* filter = context.Allocate(0, {s.kernel_y, s.kernel_x, s.in, s.out});
  const Input x = context.Get(0);
  const Input dy = context.Get(1);
  if (!context.ok()) return;
  if (s.pointwise()) {
    const int64_t pixels = s.batch * s.pixels();
    FilterSums sums(s, (pixels + kPixels - 1) / kPixels);
    sums.Run([&](int64_t begin, int64_t end, const auto& add) {
      for (int64_t p = begin * kPixels; p < std::min(end * kPixels, pixels); p += kPixels)
        add(0, {x.data + p * s.in, s.in}, {dy.data + p * s.out, s.out}, std::min(kPixels, pixels - p));
    });
    return sums.Store(filter);
  }
  FilterSums sums(s, s.batch);
  sums.Run([&](int64_t begin, int64_t end, const auto& add) {
    std::vector<float> store;
    for (int64_t i = begin; i < end; i++) {
      const float* lines = Padded(s, x.data + i * s.image(), store);
      for (int64_t y = 0; y < s.out_height; y++)
        for (int64_t ky = 0; ky < s.kernel_y; ky++)
          add(ky, {lines + (y * s.stride_y + ky) * s.line(), s.stride_x * s.in}, {dy.data + (i * s.pixels() + y * s.out_width) * s.out, s.out}, s.out_width);
    }
  });
  sums.Store(filter);
}

}  // namespace

namespace eqnet {

void RegisterDenseConv() {
  const std::vector<const char*> attributes = {"strides: list(int)", "padding: list(int)", "size: list(int)"};
  RegisterOp({"EqnetPointwise", {"x: float", "filter: float"}, {"y: float"}, {}, UnknownShape, nullptr, Guarded<ComputePointwise>, nullptr});
  // size: [height, width] of the image, of the filter
  RegisterOp({"EqnetConvInput", {"filter: float", "dy: float"}, {"dx: float"}, attributes, UnknownShape, CreateConvolution<true>, Guarded<ComputeInput>, DeleteConvolution});
  RegisterOp({"EqnetConvFilter", {"x: float", "dy: float"}, {"dfilter: float"}, attributes, UnknownShape, CreateConvolution<true>, Guarded<ComputeFilter>, DeleteConvolution});
}

// Whether the processor multiplies and adds in one, which convolutions of floats live on.
bool FusesProducts() {
#ifdef EQNET_X86
  return &loops != &plain::all;
#else
  return false;
#endif
}

}  // namespace eqnet
