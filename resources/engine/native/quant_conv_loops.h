// Included once for each instruction set; see each_instruction_set.h.
#include "lanes.h"

typedef int32_t Ints __attribute__((vector_size(kLanes * sizeof(int32_t))));
typedef uint8_t Bytes __attribute__((vector_size(kLanes)));

// Codes of values that lie on the grid: there is no tie to break, so that a product with 1 / step finds the same as the quotient.
// What is not finite has no code, and is told.
static inline __attribute__((always_inline)) Ints CodesOf(Floats x, Floats inverse, Floats offset, const CodeRange& range, Mask& odd) {
  const Floats v = (x - offset) * inverse;
  odd |= ~Equal(v - v, Floats{});
  return __builtin_convertvector(Rint(Clip(v, range.low, range.high)), Ints) + range.shift;
}

// Bytes of n values of one grid. Returns whether all are finite.
static bool Encode(const float* x, int64_t n, float step, float offset, const CodeRange& of, uint8_t* codes) {
  const CodeRange range = of;
  const Floats inverse = All(1.0f / step), offsets = All(offset);
  Mask odd{};
  for (int64_t i = 0; i < n; i += kLanes) {
    const int64_t width = n - i < kLanes ? n - i : kLanes;
    const Bytes bytes = __builtin_convertvector(CodesOf(LoadSome(x + i, width), inverse, offsets, range, odd), Bytes);
    if (width == kLanes) std::memcpy(codes + i, &bytes, sizeof bytes);
    else for (int64_t k = 0; k < width; k++) codes[i + k] = bytes[k];
  }
  return !Any(odd);
}

// Codes of `length` rows of a filter, as many channels as are in a block, in the order of the kernels; adds them to the totals of the
// channels. Returns whether all are finite.
static bool Pack(const FilterRun& run, const CodeRange& range, int8_t* to, int32_t* totals) {
  Mask odd{};
  for (int64_t half = 0; half < kBlockChannels; half += kLanes) {
    const int64_t width = std::min(std::max<int64_t>(run.channels - half, 0), kLanes);
    if (width == 0) continue;
    const Floats inverse = All(1.0f) / LoadSome(run.steps + half, kLanes), offset = LoadSome(run.offsets + half, kLanes);
    Ints sum;
    std::memcpy(&sum, totals + half, sizeof sum);
    for (int64_t k = 0; k < run.length; k += kGroup) {
      Ints word{};
      for (int64_t i = 0; i < std::min(kGroup, run.length - k); i++) {
        const Ints code = CodesOf(LoadSome(run.filter + (k + i) * run.stride + half, width), inverse, offset, range, odd);
        sum += code;
        word |= (code & 255) << (8 * static_cast<int32_t>(i));
      }
      std::memcpy(to + k * kBlockChannels + half * kGroup, &word, sizeof word);
    }
    std::memcpy(totals + half, &sum, sizeof sum);
  }
  return !Any(odd);
}

// value = sum * scale + bias + window * slope of each channel of a row of pixels.
template <bool kBias, bool kWindows>
static void FinishRow(const int32_t* sums, int64_t stride, const Finish& f, int64_t pixels, int64_t channels, float* out) {
  for (int64_t x = 0; x < pixels; x++) {
    for (int64_t c = 0; c < channels; c += kLanes) {
      Ints sum;
      std::memcpy(&sum, sums + x * stride + c, sizeof sum);
      Floats v = __builtin_convertvector(sum, Floats) * Load(f.scale + c);
      if (kBias) v += Load(f.bias + c);
      if (kWindows) v += static_cast<float>(f.windows[x]) * Load(f.slope + c);
      // Lanes without a channel fall on pixels that come later, as long as there are some.
      const int64_t width = channels - c < kLanes ? channels - c : kLanes;
      StoreSome(out + x * channels + c, v, (pixels - x) * channels - c >= kLanes ? kLanes : width);
    }
  }
}

static void FinishPixels(const int32_t* sums, int64_t stride, const Finish& f, int64_t pixels, int64_t channels, float* out) {
  const auto finish = f.bias ? (f.windows ? FinishRow<true, true> : FinishRow<true, false>) : (f.windows ? FinishRow<false, true> : FinishRow<false, false>);
  finish(sums, stride, f, pixels, channels, out);
}

// Sum of the codes of each pixel.
static void SumPixels(const uint8_t* codes, int64_t pixels, int64_t channels, int32_t* sums) {
  for (int64_t x = 0; x < pixels; x++, codes += channels) {
    int32_t sum = 0;
    int64_t c = 0;
#if EQNET_SET != EQNET_PLAIN
    // Differences from 0 of two times eight bytes.
    __m128i eights = _mm_setzero_si128();
    for (; c + 16 <= channels; c += 16)
      eights = _mm_add_epi32(eights, _mm_sad_epu8(_mm_loadu_si128(reinterpret_cast<const __m128i*>(codes + c)), _mm_setzero_si128()));
    sum = _mm_cvtsi128_si32(eights) + _mm_cvtsi128_si32(_mm_unpackhi_epi64(eights, eights));
#endif
    for (; c < channels; c++) sum += codes[c];
    sums[x] = sum;
  }
}

const Loops all{Encode, Pack, FinishPixels, SumPixels};
