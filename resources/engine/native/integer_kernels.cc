#include "integer_kernels.h"

#include <cstring>

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define EQNET_X86
#include <immintrin.h>
#endif

namespace eqnet {
namespace {

// As many lanes as there are channels in a block, in whatever registers the instruction set has.
constexpr int64_t kLanes = kBlockChannels;
typedef float Floats __attribute__((vector_size(kLanes * sizeof(float))));
typedef int32_t Ints __attribute__((vector_size(kLanes * sizeof(int32_t))));

// Tiles of a row: as many pixels at once as there are registers for; the last tile of a row overlaps the one before where the
// row is long enough, since computing a pixel twice gives the same sum.
#define EQNET_TILES(kWide, kTwo)                                                            \
  template <int kPixels, int kBlocks>                                                       \
  static inline void TilesOf(const ConvolutionRow& row, int64_t block, int64_t& x) {        \
    if (row.width - x >= kPixels) {                                                         \
      for (; x + kPixels <= row.width; x += kPixels) DotTile<kPixels, kBlocks>(row, block, x); \
      if (x < row.width) DotTile<kPixels, kBlocks>(row, block, row.width - kPixels);        \
      x = row.width;                                                                        \
    }                                                                                       \
  }                                                                                         \
  template <int kBlocks>                                                                    \
  static inline void Tiles(const ConvolutionRow& row, int64_t block) {                      \
    int64_t x = 0;                                                                          \
    TilesOf<kBlocks == 1 ? kWide : kTwo, kBlocks>(row, block, x);                           \
    TilesOf<(kBlocks == 1 ? kWide : kTwo) / 2 ? (kBlocks == 1 ? kWide : kTwo) / 2 : 1, kBlocks>(row, block, x); \
    TilesOf<(kBlocks == 1 ? kWide : kTwo) / 4 ? (kBlocks == 1 ? kWide : kTwo) / 4 : 1, kBlocks>(row, block, x); \
    TilesOf<1, kBlocks>(row, block, x);                                                     \
  }

// How lanes are compared and stored, for compilers to find instructions for.
#define EQNET_PLAIN_LANES                                                                            \
  constexpr bool kCorrects = false;                                                                  \
  static inline Floats Corrected(const Floats& quotient, const Floats&, const Floats&, const Floats&) { return quotient; } \
  static inline Floats Most(const Floats& a, const Floats& b) { return a > b ? a : b; }             \
  static inline Floats Least(const Floats& a, const Floats& b) { return a < b ? a : b; }            \
  static inline bool AnyBeyond(const Floats& x, float bound) {                                       \
    const Floats zero{};                                                                             \
    const Ints beyond = (x > zero + bound) | (x < zero - bound);                                     \
    int32_t any = 0;                                                                                 \
    for (int i = 0; i < kLanes; i++) any |= beyond[i];                                               \
    return any != 0;                                                                                 \
  }                                                                                                  \
  static inline Ints LoadCodes(const uint8_t* from) {                                                \
    Ints codes{};                                                                                    \
    for (int i = 0; i < kLanes; i++) codes[i] = from[i];                                             \
    return codes;                                                                                    \
  }                                                                                                  \
  static inline void StoreCodes(const Ints& codes, uint8_t* to) {                                    \
    for (int i = 0; i < kLanes; i++) to[i] = static_cast<uint8_t>(codes[i]);                         \
  }

#ifdef EQNET_X86
namespace avx512vnni {
#pragma GCC push_options
#pragma GCC target("avx512f,avx512vl,avx512dq,avx512bw,avx512vnni")
template <int kPixels, int kBlocks>
static inline void DotTile(const ConvolutionRow& row, int64_t block, int64_t x) {
  __m512i sums[kBlocks][kPixels];
  for (int b = 0; b < kBlocks; b++) {
    const __m512i initial = _mm512_loadu_si512(row.initial + (block + b) * kBlockChannels);
    for (int p = 0; p < kPixels; p++) sums[b][p] = initial;
  }
  const int64_t block_bytes = row.run_count * row.run_groups * kBlockChannels * kGroup;
  const int8_t* weights = row.weights + block * block_bytes;
  const int64_t step = row.pixel_step;
  for (int64_t run = 0; run < row.run_count; run++) {
    const uint8_t* codes = row.base + x * step + row.runs[run];
    for (int64_t group = 0; group < row.run_groups; group++, weights += kBlockChannels * kGroup, codes += kGroup) {
      __m512i w[kBlocks];
      for (int b = 0; b < kBlocks; b++) w[b] = _mm512_loadu_si512(weights + b * block_bytes);
      // Every third pixel has a pointer of its own: the ones behind it are within what an address can say.
#pragma GCC unroll 16
      for (int p = 0; p < kPixels; p++) {
        int32_t four;
        std::memcpy(&four, codes + p * step, sizeof four);
        const __m512i all = _mm512_set1_epi32(four);
        for (int b = 0; b < kBlocks; b++) sums[b][p] = _mm512_dpbusd_epi32(sums[b][p], all, w[b]);
      }
    }
  }
  for (int p = 0; p < kPixels; p++)
    for (int b = 0; b < kBlocks; b++) _mm512_storeu_si512(row.out + (x + p) * row.out_stride + (block + b) * kBlockChannels, sums[b][p]);
}
EQNET_TILES(16, 8)
static inline Floats Most(Floats a, Floats b) { return (Floats)_mm512_max_ps((__m512)a, (__m512)b); }
static inline Floats Least(Floats a, Floats b) { return (Floats)_mm512_min_ps((__m512)a, (__m512)b); }
constexpr bool kCorrects = true;
static inline Floats Corrected(Floats quotient, Floats x, Floats step, Floats inverse) {
  const __m512 rest = _mm512_fnmadd_ps((__m512)quotient, (__m512)step, (__m512)x);
  return (Floats)_mm512_fmadd_ps(rest, (__m512)inverse, (__m512)quotient);
}
static inline bool AnyBeyond(Floats x, float bound) {
  return _mm512_cmp_ps_mask(_mm512_abs_ps((__m512)x), _mm512_set1_ps(bound), _CMP_GT_OQ) != 0;
}
static inline Ints LoadCodes(const uint8_t* from) {
  return (Ints)_mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));
}
static inline void StoreCodes(Ints codes, uint8_t* to) { _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm512_cvtepi32_epi8((__m512i)codes)); }
#include "integer_kernels_loops.h"
#pragma GCC pop_options
}  // namespace avx512vnni
namespace avx2 {
#pragma GCC push_options
#pragma GCC target("avx2")
// Bytes are widened to 16 bits, since the instruction that multiplies bytes cuts its sums of two off.
template <int kPixels, int kBlocks>
static inline void DotTile(const ConvolutionRow& row, int64_t first, int64_t x) {
  const int64_t block_bytes = row.run_count * row.run_groups * kBlockChannels * kGroup;
  for (int64_t block = first; block < first + kBlocks; block++) {
    __m256i sums[kPixels][4];
    for (int p = 0; p < kPixels; p++)
      for (int q = 0; q < 4; q++) sums[p][q] = _mm256_setzero_si256();
    const int8_t* weights = row.weights + block * block_bytes;
    for (int64_t run = 0; run < row.run_count; run++) {
      const uint8_t* codes = row.base + x * row.pixel_step + row.runs[run];
      for (int64_t group = 0; group < row.run_groups; group++, weights += kBlockChannels * kGroup, codes += kGroup) {
        __m256i w[4];
        for (int q = 0; q < 4; q++) w[q] = _mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(weights + 16 * q)));
        for (int p = 0; p < kPixels; p++) {
          int32_t four;
          std::memcpy(&four, codes + p * row.pixel_step, sizeof four);
          const __m256i all = _mm256_cvtepu8_epi16(_mm_set1_epi32(four));
          for (int q = 0; q < 4; q++) sums[p][q] = _mm256_add_epi32(sums[p][q], _mm256_madd_epi16(all, w[q]));
        }
      }
    }
    for (int p = 0; p < kPixels; p++) {
      int32_t* out = row.out + (x + p) * row.out_stride + block * kBlockChannels;
      const int32_t* initial = row.initial + block * kBlockChannels;
      for (int half = 0; half < 2; half++) {
        // Pairs added: channels 0 1 4 5 | 2 3 6 7, put in order by the permutation.
        const __m256i pairs = _mm256_hadd_epi32(sums[p][2 * half], sums[p][2 * half + 1]);
        const __m256i ordered = _mm256_permute4x64_epi64(pairs, 0xD8);
        const __m256i start = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(initial + 8 * half));
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + 8 * half), _mm256_add_epi32(ordered, start));
      }
    }
  }
}
EQNET_TILES(2, 2)
EQNET_PLAIN_LANES
#include "integer_kernels_loops.h"
#pragma GCC pop_options
}  // namespace avx2
#endif
namespace plain {
template <int kPixels, int kBlocks>
static inline void DotTile(const ConvolutionRow& row, int64_t first, int64_t x) {
  const int64_t block_bytes = row.run_count * row.run_groups * kBlockChannels * kGroup;
  for (int64_t block = first; block < first + kBlocks; block++) {
    for (int p = 0; p < kPixels; p++) {
      int32_t sums[kBlockChannels];
      for (int c = 0; c < kBlockChannels; c++) sums[c] = row.initial[block * kBlockChannels + c];
      const int8_t* weights = row.weights + block * block_bytes;
      for (int64_t run = 0; run < row.run_count; run++) {
        const uint8_t* codes = row.base + (x + p) * row.pixel_step + row.runs[run];
        for (int64_t group = 0; group < row.run_groups; group++, weights += kBlockChannels * kGroup, codes += kGroup)
          for (int c = 0; c < kBlockChannels; c++)
            for (int i = 0; i < kGroup; i++) sums[c] += static_cast<int32_t>(codes[i]) * weights[c * kGroup + i];
      }
      int32_t* out = row.out + (x + p) * row.out_stride + block * kBlockChannels;
      for (int c = 0; c < kBlockChannels; c++) out[c] = sums[c];
    }
  }
}
EQNET_TILES(1, 1)
EQNET_PLAIN_LANES
#include "integer_kernels_loops.h"
}  // namespace plain

}  // namespace

const Kernels* FindKernels(const char* name) {
  const auto wanted = [name](const char* one) { return name == nullptr || std::strcmp(name, one) == 0; };
#ifdef EQNET_X86
  if (wanted("avx512vnni") && __builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
    return &avx512vnni::kernels;
  if (wanted("avx2") && __builtin_cpu_supports("avx2")) return &avx2::kernels;
#endif
  return wanted("plain") ? &plain::kernels : nullptr;
}

}  // namespace eqnet
