// Convolution of a fake-quantized image with a fake-quantized filter, as one TensorFlow op on the CPU: both lie on grids, so that the
// sums of products are taken over their codes, in integers of 8 bits with sums of 32. They are exact, and on a processor that
// multiplies bytes they take a quarter of the time of floats. Gradients go the way of floats: src/worker/engine/fuse.ts puts
// this op in the place of TensorFlow's forward convolutions only.
#include <atomic>
#include <cmath>
#include <limits>
#include <memory>
#include <stdexcept>
#include <utility>
#include <vector>

#include "convolution.h"
#include "integer_kernels.h"
#include "lanes_headers.h"
#include "parallel.h"

namespace {

using namespace eqnet;

// `shift` is added to a code to make it a byte.
struct CodeRange {
  float low, high;
  int32_t shift;
};

// Rows of a filter [length, channels] from the first channel of a block on.
struct FilterRun {
  const float* filter;
  int64_t length, stride, channels;
  const float* steps;
  const float* offsets;
};

// What is made of the sums of a row; bias and windows may be null.
struct Finish {
  const float* scale;
  const float* bias;
  const float* slope;
  const int32_t* windows;
};

struct Loops {
  bool (*encode)(const float* x, int64_t n, float step, float offset, const CodeRange& range, uint8_t* codes);
  bool (*pack)(const FilterRun& run, const CodeRange& range, int8_t* to, int32_t* totals);
  void (*finish)(const int32_t* sums, int64_t stride, const Finish& finish, int64_t pixels, int64_t channels, float* out);
  void (*sum_pixels)(const uint8_t* codes, int64_t pixels, int64_t channels, int32_t* sums);
};

#define EQNET_LOOPS "quant_conv_loops.h"
#include "each_instruction_set.h"
const Loops& loops = BestLoops();

// The part of the kernel that lies within the image, along one axis, for each place of the output; places with the same part are of
// one class.
struct Axis {
  struct Part {
    int64_t begin, end;
  };
  std::vector<Part> classes;
  std::vector<int32_t> class_of;

  Axis(int64_t outputs, int64_t inputs, int64_t kernel, int64_t stride, int64_t before) : class_of(outputs) {
    for (int64_t i = 0; i < outputs; i++) {
      const int64_t first = i * stride - before;
      const Part part{std::max<int64_t>(0, -first), std::max<int64_t>(0, std::min(kernel, inputs - first))};
      const auto same = [&](const Part& other) { return other.begin == part.begin && other.end == part.end; };
      const auto found = std::find_if(classes.begin(), classes.end(), same);
      class_of[i] = static_cast<int32_t>(found - classes.begin());
      if (found == classes.end()) classes.push_back(part);
    }
  }
};

// One call: shapes, the packed filter, and what turns sums into values.
//
// With x = s u + b over the window and w = t v + d of a channel, the sum of x w over the taps inside the image is
//   s t (sum u v) + s d (sum u) + b (sum w);
// the taps outside have u = 0. A byte is u plus its shift, whose product with the sum of v is taken off beforehand.
class Convolution {
 public:
  Convolution(const ConvolutionAttributes& attributes, const std::vector<int64_t>& image, const std::vector<int64_t>& filter)
      : stride_y_(attributes.stride[0]),
        stride_x_(attributes.stride[1]),
        top_(attributes.padding[0]),
        left_(attributes.padding[2]),
        batch(image[0]),
        height_(image[1]),
        width_(image[2]),
        in_(image[3]),
        kernel_y_(filter[0]),
        kernel_x_(filter[1]),
        out(filter[3]),
        out_height((height_ + top_ + attributes.padding[1] - kernel_y_) / stride_y_ + 1),
        out_width((width_ + left_ + attributes.padding[3] - kernel_x_) / stride_x_ + 1),
        line_((width_ + left_ + attributes.padding[3]) * in_),
        run_length_(kernel_x_ * in_),
        run_groups_(RoundUp(run_length_, kGroup) / kGroup),
        lanes_(RoundUp(out, kBlockChannels)) {}

  void Load(Input filter, Quantizer x, Input steps, Input offsets, float low, float high) {
    x_ = x;
    x_range_ = {x.low, x.high, x.low < 0 ? 128 : 0};
    const CodeRange range{low, high, high > 127 ? -128 : 0};
    if (x.high - x.low > 255 || x.low < -128 || high - low > 255 || low < -128) throw std::runtime_error("Codes of more than 8 bits.");
    if (steps.size != out || offsets.size != out) throw std::runtime_error("A filter needs a step size and an offset for each channel.");
    std::vector<float> step(lanes_, 1.0f), offset(lanes_, 0.0f);
    std::copy_n(steps.data, out, step.begin());
    std::copy_n(offsets.data, out, offset.begin());
    PackFilter(filter, step, offset, range);
    scale_.assign(lanes_, 0.0f);
    slope_.assign(lanes_, 0.0f);
    for (int64_t c = 0; c < out; c++) {
      const double zero = offset[c] - static_cast<double>(range.shift) * step[c];
      scale_[c] = finite_ ? x.step * step[c] : NAN;
      slope_[c] = static_cast<float>(zero * x.step);
      has_slope_ |= zero != 0;
    }
    if (x.offset != 0) LoadBias(filter);
  }

  void Run(const float* images, float* y) {
    // Few images are cut into bands of rows, so that all threads have work.
    constexpr int64_t kUnits = 32;
    const int64_t bands = std::min(std::max<int64_t>(1, kUnits / batch), out_height);
    const int64_t rows = (out_height + bands - 1) / bands;
    ParallelBlocks(batch * bands, std::max<int64_t>(1, batch / kUnits), [&](int64_t, int64_t begin, int64_t end) {
      Band band(*this, rows);
      for (int64_t unit = begin; unit < end; unit++) {
        const int64_t image = unit / bands, first = unit % bands * rows;
        const int64_t pixels = out_height * out_width;
        const int64_t size = height_ * width_ * in_;
        const float* from = images + image * size;
        band.Run(from, bands == 1 && unit + 1 < end ? from + size : nullptr, first, std::min(first + rows, out_height), y + image * pixels * out);
      }
    });
  }

 private:
  // Buffers of one thread.
  class Band {
   public:
    Band(const Convolution& of, int64_t rows)
        : c_(of),
          kernels_(*FindKernels(nullptr)),
          codes_(((rows - 1) * c_.stride_y_ + c_.kernel_y_) * c_.line_ + kSlack),
          sums_(c_.out_width * c_.lanes_),
          missing_(c_.lanes_, std::numeric_limits<float>::quiet_NaN()) {
      for (int64_t y = 0; y < c_.kernel_y_; y++) runs_.push_back(y * c_.line_);
      if (!c_.has_slope_) return;
      pixels_.resize(codes_.size() / c_.in_ + 1);
      columns_.resize(c_.line_ / c_.in_);
      windows_.resize(c_.out_width);
    }

    // @param next image, or null, which comes into the cache meanwhile
    // @param y of the whole image
    void Run(const float* image, const float* next, int64_t begin, int64_t end, float* y) {
      const int64_t lines = (end - 1 - begin) * c_.stride_y_ + c_.kernel_y_;
      const bool finite = Encode(image, begin * c_.stride_y_ - c_.top_, lines);
      if (c_.has_slope_) loops.sum_pixels(codes_.data(), lines * c_.line_ / c_.in_, c_.in_, pixels_.data());
      for (int64_t row = begin; row < end; row++) {
        const int64_t line = (row - begin) * c_.stride_y_;
        if (next) Fetch(next, row - begin, end - begin);
        kernels_.convolve_row({codes_.data() + line * c_.line_, c_.stride_x_ * c_.in_, c_.out_width, runs_.data(), c_.kernel_y_,
                               c_.run_groups_, c_.filter_.data(), c_.lanes_ / kBlockChannels, c_.initial_.data(), sums_.data(), c_.lanes_});
        if (c_.has_slope_) SumWindows(line);
        FinishRow(row, finite, y + row * c_.out_width * c_.out);
      }
    }

   private:
    void Fetch(const float* next, int64_t part, int64_t parts) const {
      constexpr int64_t kLine = 16;  // floats of a cache line
      const int64_t size = c_.height_ * c_.width_ * c_.in_;
      for (int64_t i = part * size / parts; i < (part + 1) * size / parts; i += kLine) __builtin_prefetch(next + i, 0, 2);
    }

    bool Encode(const float* image, int64_t first, int64_t lines) {
      const int64_t length = c_.width_ * c_.in_, left = c_.left_ * c_.in_;
      bool finite = true;
      for (int64_t i = 0; i < lines; i++) {
        uint8_t* to = codes_.data() + i * c_.line_;
        const int64_t y = first + i;
        if (y < 0 || y >= c_.height_) {
          std::memset(to, c_.x_range_.shift, c_.line_);
          continue;
        }
        std::memset(to, c_.x_range_.shift, left);
        std::memset(to + left + length, c_.x_range_.shift, c_.line_ - left - length);
        finite &= loops.encode(image + y * length, length, c_.x_.step, c_.x_.offset, c_.x_range_, to + left);
      }
      return finite;
    }

    void SumWindows(int64_t line) {
      const int64_t columns = static_cast<int64_t>(columns_.size());
      const int32_t* from = pixels_.data() + line * columns;
      const int32_t taken = -c_.x_range_.shift * static_cast<int32_t>(c_.kernel_y_ * c_.kernel_x_ * c_.in_);
      std::copy_n(from, columns, columns_.begin());
      for (int64_t y = 1; y < c_.kernel_y_; y++)
        for (int64_t x = 0; x < columns; x++) columns_[x] += from[y * columns + x];
      for (int64_t x = 0; x < c_.out_width; x++) {
        int32_t sum = taken;
        for (int64_t k = 0; k < c_.kernel_x_; k++) sum += columns_[x * c_.stride_x_ + k];
        windows_[x] = sum;
      }
    }

    void FinishRow(int64_t row, bool finite, float* y) {
      const float* scale = finite ? c_.scale_.data() : missing_.data();
      for (int64_t x = 0, end; x < c_.out_width; x = end) {
        end = c_.bias_.empty() ? c_.out_width : c_.EndOfClass(x);
        loops.finish(sums_.data() + x * c_.lanes_, c_.lanes_,
                     {scale, c_.BiasOf(row, x), c_.slope_.data(), c_.has_slope_ ? windows_.data() + x : nullptr}, end - x, c_.out,
                     y + x * c_.out);
      }
    }

    const Convolution& c_;
    const Kernels& kernels_;
    std::vector<uint8_t> codes_;
    std::vector<int32_t> sums_, pixels_, columns_, windows_;
    std::vector<int64_t> runs_;
    std::vector<float> missing_;
  };

  void PackFilter(Input filter, const std::vector<float>& steps, const std::vector<float>& offsets, const CodeRange& range) {
    const int64_t run_bytes = run_groups_ * kBlockChannels * kGroup;
    filter_.assign(lanes_ / kBlockChannels * kernel_y_ * run_bytes, 0);
    initial_.assign(lanes_, 0);
    std::atomic<bool> finite{true};
    ParallelBlocks(lanes_ / kBlockChannels, std::max<int64_t>(1, 65536 / (kernel_y_ * run_bytes)), [&](int64_t, int64_t begin, int64_t end) {
      for (int64_t block = begin; block < end; block++) {
        const int64_t first = block * kBlockChannels;
        int32_t totals[kBlockChannels] = {};
        for (int64_t y = 0; y < kernel_y_; y++) {
          const FilterRun run{filter.data + y * run_length_ * out + first, run_length_, out, std::min(kBlockChannels, out - first),
                              steps.data() + first, offsets.data() + first};
          if (!loops.pack(run, range, filter_.data() + (block * kernel_y_ + y) * run_bytes, totals)) finite = false;
        }
        for (int64_t c = 0; c < kBlockChannels; c++) initial_[first + c] = -x_range_.shift * totals[c];
      }
    });
    finite_ = finite;
  }

  // b (sum w) over the taps inside the image, for each class of rows and of columns.
  void LoadBias(Input filter) {
    rows_.reset(new Axis(out_height, height_, kernel_y_, stride_y_, top_));
    columns_.reset(new Axis(out_width, width_, kernel_x_, stride_x_, left_));
    std::vector<double> taps(kernel_y_ * kernel_x_ * out);
    for (int64_t tap = 0; tap < kernel_y_ * kernel_x_; tap++)
      for (int64_t i = 0; i < in_; i++)
        for (int64_t c = 0; c < out; c++) taps[tap * out + c] += filter.data[(tap * in_ + i) * out + c];
    bias_.assign(rows_->classes.size() * columns_->classes.size() * lanes_, 0.0f);
    float* to = bias_.data();
    for (const Axis::Part& ys : rows_->classes)
      for (const Axis::Part& xs : columns_->classes) {
        std::vector<double> sums(out);
        for (int64_t y = ys.begin; y < ys.end; y++)
          for (int64_t x = xs.begin; x < xs.end; x++)
            for (int64_t c = 0; c < out; c++) sums[c] += taps[(y * kernel_x_ + x) * out + c];
        for (int64_t c = 0; c < out; c++) to[c] = static_cast<float>(x_.offset * sums[c]);
        to += lanes_;
      }
  }

  const float* BiasOf(int64_t row, int64_t column) const {
    if (bias_.empty()) return nullptr;
    return bias_.data() + (rows_->class_of[row] * columns_->classes.size() + columns_->class_of[column]) * lanes_;
  }
  int64_t EndOfClass(int64_t column) const {
    const std::vector<int32_t>& classes = columns_->class_of;
    int64_t end = column + 1;
    while (end < out_width && classes[end] == classes[column]) end++;
    return end;
  }

  const int64_t stride_y_, stride_x_, top_, left_;

 public:
  const int64_t batch;

 private:
  const int64_t height_, width_, in_, kernel_y_, kernel_x_;

 public:
  const int64_t out, out_height, out_width;

 private:
  const int64_t line_, run_length_, run_groups_, lanes_;
  Quantizer x_{};
  CodeRange x_range_{};
  bool finite_ = true, has_slope_ = false;
  std::vector<int8_t> filter_;
  std::vector<int32_t> initial_;
  std::vector<float> scale_, slope_, bias_;
  std::unique_ptr<Axis> rows_, columns_;
};

void Compute(void* kernel, Context& context) {
  const std::vector<int64_t> image = context.Shape(0), filter = context.Shape(1);
  if (!context.ok()) return;
  Convolution convolution(*static_cast<ConvolutionAttributes*>(kernel), image, filter);
  float* y = context.Allocate(0, {convolution.batch, convolution.out_height, convolution.out_width, convolution.out});
  const Input x = context.Get(0);
  const Input w = context.Get(1);
  const Quantizer grid = context.ReadQuantizer(2);
  const Input steps = context.Get(6);
  const Input offsets = context.Get(7);
  const float low = context.Scalar(8), high = context.Scalar(9);
  if (!context.ok() || x.size == 0 || convolution.out == 0) return;
  convolution.Load(w, grid, steps, offsets, low, high);
  convolution.Run(x.data, y);
}

}  // namespace

namespace eqnet {

void RegisterQuantConv() {
  RegisterOp({"EqnetQuantConv2D",
              {"x: float", "filter: float", "x_step: float", "x_offset: float", "x_low: float", "x_high: float", "step: float",
               "offset: float", "low: float", "high: float"},
              {"y: float"},
              {"strides: list(int)", "padding: list(int)"},
              UnknownShape, CreateConvolution<false>, Guarded<Compute>, DeleteConvolution});
}

}  // namespace eqnet
