// Eight floats at once, in whatever registers the instruction set has: the vector types of GCC and Clang. Included once for
// each instruction set, in a namespace of its own: GCC takes vectors apart before it looks at who inlines what.

constexpr int64_t kLanes = 8;
typedef float Floats __attribute__((vector_size(kLanes * sizeof(float))));
typedef decltype(Floats{} < Floats{}) Mask;

static inline __attribute__((always_inline)) Floats Load(const float* values) {
  Floats lanes;
  std::memcpy(&lanes, values, sizeof lanes);
  return lanes;
}

static inline __attribute__((always_inline)) void Store(float* values, Floats lanes) { std::memcpy(values, &lanes, sizeof lanes); }

// Channels that are left over where their number is no multiple of the lanes are worked on one at a time.
static inline __attribute__((always_inline)) Floats LoadSome(const float* values, int64_t count) {
  if (count == kLanes) return Load(values);
  Floats lanes{};
  for (int64_t i = 0; i < count; i++) lanes[i] = values[i];
  return lanes;
}

static inline __attribute__((always_inline)) void StoreSome(float* values, Floats lanes, int64_t count) {
  if (count == kLanes) return Store(values, lanes);
  for (int64_t i = 0; i < count; i++) values[i] = lanes[i];
}

static inline __attribute__((always_inline)) Floats All(float value) { return value - Floats{}; }

// The choice of each lane, in the bits: GCC takes a `?:` between vectors apart where the mask is not a comparison.
static inline __attribute__((always_inline)) Floats Choose(Mask mask, Floats a, Floats b) { return (Floats)(((Mask)a & mask) | ((Mask)b & ~mask)); }
static inline __attribute__((always_inline)) Floats Keep(Mask mask, Floats a) { return (Floats)((Mask)a & mask); }

static inline __attribute__((always_inline)) float Sum(const Floats& values) {
  float sum = 0.0f;
  for (int64_t i = 0; i < kLanes; i++) sum += values[i];
  return sum;
}

// Comparisons here and below are written so that a NaN comes out as a NaN: a diverged training must be seen.
static inline __attribute__((always_inline)) Floats Clip(Floats v, float low, float high) {
  const Floats least = All(low);
  const Floats most = All(high);
  v = v < least ? least : v;
  return v > most ? most : v;
}

static inline __attribute__((always_inline)) Floats Relu(Floats v) { return v < Floats{} ? Floats{} : v; }

// Nearest integer, ties to even, of |v| < 2^22: the sum with 1.5 * 2^23 has no room for a fraction.
static inline __attribute__((always_inline)) Floats Rint(Floats v) {
  constexpr float kRoom = 12582912.0f;
  return (v + kRoom) - kRoom;
}
