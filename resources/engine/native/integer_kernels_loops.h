// Included once for each instruction set; see integer_kernels.cc. DotTile is what differs: one tile of pixels of one or two
// blocks of output channels.

// All pixels of one row of a convolution, `blocks` blocks of kBlockChannels output channels.
void ConvolveRow(const ConvolutionRow& row) {
  int64_t block = 0;
  for (; block + 2 <= row.blocks; block += 2) Tiles<2>(row, block);
  if (block < row.blocks) Tiles<1>(row, block);
}

// Each channel by itself: sum over taps of one code times one weight.
void ConvolveDepthwiseRow(const DepthwiseRow& row) {
  for (int64_t x = 0; x < row.width; x++) {
    int32_t* __restrict out = row.out + x * row.out_stride;
    for (int64_t c = 0; c < row.channels; c++) out[c] = row.initial[c];
    for (int64_t tap = 0; tap < row.taps; tap++) {
      const uint8_t* __restrict codes = row.base + x * row.pixel_step + row.offsets[tap];
      const int16_t* __restrict weights = row.weights + tap * row.channels;
      for (int64_t c = 0; c < row.channels; c++) out[c] += static_cast<int32_t>(codes[c]) * weights[c];
    }
  }
}

// value = sum * scale + bias of each channel.
void Affine(const int32_t* __restrict sums, int64_t stride, const float* __restrict scale, const float* __restrict bias, int64_t pixels,
            int64_t channels, float* __restrict out) {
  for (int64_t x = 0; x < pixels; x++)
    for (int64_t c = 0; c < channels; c++) out[x * channels + c] = static_cast<float>(sums[x * stride + c]) * scale[c] + bias[c];
}

// Adds sums and squares of each channel over the pixels of a row, in order: squares of large sums are rounded, on all in the same way.
void AddMoments(const int32_t* __restrict sums, int64_t stride, int64_t pixels, int64_t channels, double* __restrict totals,
                double* __restrict squares) {
  for (int64_t x = 0; x < pixels; x++) {
    for (int64_t c = 0; c < channels; c++) {
      const double value = sums[x * stride + c];
      totals[c] += value;
      squares[c] += value * value;
    }
  }
}

void Relu(float* __restrict x, int64_t n, float most) {
  for (int64_t i = 0; i < n; i++) x[i] = x[i] < 0.0f ? 0.0f : (x[i] > most ? most : x[i]);
}

void AddInto(float* __restrict x, const float* __restrict y, int64_t n) {
  for (int64_t i = 0; i < n; i++) x[i] += y[i];
}

void Dequantize(const uint8_t* __restrict codes, int64_t n, const CodeGrid& grid, float* __restrict out) {
  const float shift = grid.shift, step = grid.step, offset = grid.offset;
  for (int64_t i = 0; i < n; i++) out[i] = (static_cast<float>(codes[i]) - shift) * step + offset;
}

static inline __attribute__((always_inline)) Floats Load(const float* from) {
  Floats x;
  std::memcpy(&x, from, sizeof x);
  return x;
}

// rint(clip((x - offset) / step, low, high)) + shift. The quotient is a product with 1 / step where that gives the same code: where the
// instruction set corrects it (Corrected), it is that of a division; elsewhere it is off by less than 1e-4, so only where one of them is
// that close to a tie they are divided. Nearest integer, ties to even: the sum with 1.5 * 2^23 has no room for a fraction.
static inline __attribute__((always_inline)) void QuantizeLanes(Floats x, const CodeGrid& grid, float inverse, bool divide, uint8_t* codes) {
  constexpr float kRoom = 12582912.0f;
  const Floats zero{};
  const Floats low = zero + grid.low, high = zero + grid.high;
  const Floats from_offset = x - grid.offset;
  Floats v = Least(Most(from_offset * inverse, low), high);
  if (kCorrects) v = Least(Most(Corrected(v, from_offset, zero + grid.step, zero + inverse), low), high);
  Floats code = (v + kRoom) - kRoom;
  if (divide || (!kCorrects && AnyBeyond(v - code, 0.4998f))) {
    v = Least(Most(from_offset / grid.step, low), high);
    code = (v + kRoom) - kRoom;
  }
  StoreCodes(__builtin_convertvector(code + grid.shift, Ints), codes);
}

// 1 / step, and whether it is of no use.
static inline bool InverseOf(const CodeGrid& grid, float& inverse) {
  inverse = 1.0f / grid.step;
  return !(inverse < 1e30f && inverse > 1e-30f);
}

// The grid of values that are clipped to least..most before: codes grow with values, so that it is theirs that can be clipped.
static inline CodeGrid ClippedGrid(const CodeGrid& grid, float inverse, bool divide, float least, float most) {
  uint8_t lowest[kLanes], highest[kLanes];
  QuantizeLanes(Floats{} + least, grid, inverse, divide, lowest);
  QuantizeLanes(Floats{} + most, grid, inverse, divide, highest);
  CodeGrid clipped = grid;
  clipped.low = lowest[0] - grid.shift;
  clipped.high = highest[0] - grid.shift;
  return clipped;
}

// Copies of grids, here and below, say that the codes written do not change them.
void Quantize(const float* x, int64_t n, const CodeGrid& of, uint8_t* codes) {
  const CodeGrid grid = of;
  float inverse;
  const bool divide = InverseOf(grid, inverse);
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) QuantizeLanes(Load(x + i), grid, inverse, divide, codes + i);
  if (i == n) return;
  float rest[kLanes] = {};
  uint8_t last[kLanes];
  std::memcpy(rest, x + i, (n - i) * sizeof(float));
  QuantizeLanes(Load(rest), grid, inverse, divide, last);
  std::memcpy(codes + i, last, n - i);
}

// The three steps that follow most convolutions, in one: affine, clip to least..most, quantize.
void AffineQuantize(const int32_t* sums, int64_t stride, const float* scale, const float* bias, int64_t pixels, int64_t channels,
                    float least, float most, const CodeGrid& of, uint8_t* codes) {
  float inverse;
  const bool divide = InverseOf(of, inverse);
  const CodeGrid grid = ClippedGrid(of, inverse, divide, least, most);
  for (int64_t c = 0; c < channels; c += kLanes) {
    const Floats s = Load(scale + c), b = Load(bias + c);
    for (int64_t x = 0; x < pixels; x++) {
      Ints sum;
      std::memcpy(&sum, sums + x * stride + c, sizeof sum);
      QuantizeLanes(__builtin_convertvector(sum, Floats) * s + b, grid, inverse, divide, codes + x * channels + c);
    }
  }
}

static inline __attribute__((always_inline)) Floats DequantizeLanes(const uint8_t* codes, const CodeGrid& grid) {
  return (__builtin_convertvector(LoadCodes(codes), Floats) - grid.shift) * grid.step + grid.offset;
}

void AddQuantize(const uint8_t* a, const CodeGrid& of_a, const uint8_t* b, const CodeGrid& of_b, int64_t n, float least, float most,
                 const CodeGrid& of, uint8_t* codes) {
  float inverse;
  const bool divide = InverseOf(of, inverse);
  const CodeGrid grid = ClippedGrid(of, inverse, divide, least, most), grid_a = of_a, grid_b = of_b;
  for (int64_t i = 0; i < n; i += kLanes) {
    const Floats sum = DequantizeLanes(a + i, grid_a) + DequantizeLanes(b + i, grid_b);
    QuantizeLanes(sum, grid, inverse, divide, codes + i);
  }
}

const Kernels kernels = {ConvolveRow, ConvolveDepthwiseRow, Affine, AffineQuantize, AddQuantize, AddMoments, Relu, AddInto, Dequantize, Quantize};
