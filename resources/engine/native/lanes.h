// As many floats at once as a register of the instruction set holds. Included once for each instruction set, in a namespace of its
// own: GCC takes vectors apart before it looks at who inlines what.
#if EQNET_SET == EQNET_AVX512
#include "lanes_avx512.h"
#else
#include "lanes_any.h"
#endif

static inline __attribute__((always_inline)) Floats Load(const float* values) {
  Floats lanes;
  std::memcpy(&lanes, values, sizeof lanes);
  return lanes;
}

static inline __attribute__((always_inline)) void Store(float* values, Floats lanes) { std::memcpy(values, &lanes, sizeof lanes); }

// Channels that are left over where their number is no multiple of the lanes are worked on by halves of a register, then one at a time.
static inline __attribute__((always_inline)) Floats LoadSome(const float* values, int64_t count) {
  if (count == kLanes) return Load(values);
  Floats lanes{};
  if (count == kLanes / 2) std::memcpy(&lanes, values, sizeof lanes / 2);
  else for (int64_t i = 0; i < count; i++) lanes[i] = values[i];
  return lanes;
}

static inline __attribute__((always_inline)) void StoreSome(float* values, Floats lanes, int64_t count) {
  if (count == kLanes) return Store(values, lanes);
  if (count == kLanes / 2) std::memcpy(values, &lanes, sizeof lanes / 2);
  else for (int64_t i = 0; i < count; i++) values[i] = lanes[i];
}

template <typename Width>
static inline __attribute__((always_inline)) void AddTo(double* totals, Floats lanes, Width count) {
  float values[kLanes];
  Store(values, lanes);
  for (int64_t i = 0; i < count; i++) totals[i] += values[i];
}

// Calls work(c, width) for blocks of channels; `width` is a constant but for the last block.
template <typename Work>
static inline __attribute__((always_inline)) void ByLanes(int64_t channels, const Work& work) {
  typedef std::integral_constant<int64_t, kLanes> Whole;
  typedef std::integral_constant<int64_t, kLanes / 2> Half;
  int64_t c = 0;
  for (; c + kLanes <= channels; c += kLanes) work(c, Whole());
  if (channels - c == kLanes / 2) work(c, Half());
  else if (c < channels) work(c, channels - c);
}

static inline __attribute__((always_inline)) Floats All(float value) { return value - Floats{}; }

// a b + c, rounded once where there is an instruction for it.
static inline __attribute__((always_inline)) Floats MulAdd(Floats a, Floats b, Floats c) {
#if EQNET_SET == EQNET_PLAIN
  return a * b + c;
#else
  return FusedSum(a, b, c);
#endif
}

static inline __attribute__((always_inline)) float Sum(const Floats& values) {
  float sum = 0.0f;
  for (int64_t i = 0; i < kLanes; i++) sum += values[i];
  return sum;
}

// A NaN stays a NaN: a diverged training must be seen.
static inline __attribute__((always_inline)) Floats Clip(Floats v, float low, float high) { return Least(All(high), Greatest(All(low), v)); }

static inline __attribute__((always_inline)) Floats Relu(Floats v) { return Greatest(Floats{}, v); }

// Nearest integer, ties to even, of |v| < 2^22: the sum with 1.5 * 2^23 has no room for a fraction.
static inline __attribute__((always_inline)) Floats Rint(Floats v) {
  constexpr float kRoom = 12582912.0f;
  return (v + kRoom) - kRoom;
}
