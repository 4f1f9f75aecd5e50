// Eight lanes in whatever registers there are: the vector types of GCC and Clang.

constexpr int64_t kLanes = 8;
typedef float Floats __attribute__((vector_size(kLanes * sizeof(float))));
typedef decltype(Floats{} < Floats{}) Mask;

static inline __attribute__((always_inline)) Mask Less(Floats a, Floats b) { return a < b; }
static inline __attribute__((always_inline)) Mask Equal(Floats a, Floats b) { return a == b; }
static inline Mask FirstLanes(int64_t count) {
  Mask mask;
  for (int64_t i = 0; i < kLanes; i++) mask[i] = i < count ? -1 : 0;
  return mask;
}
static inline bool Any(const Mask& mask) {
  int32_t any = 0;
  for (int64_t i = 0; i < kLanes; i++) any |= mask[i];
  return any != 0;
}

// The choice of each lane, in the bits: GCC takes a `?:` between vectors apart where the mask is not a comparison.
static inline __attribute__((always_inline)) Floats Choose(Mask mask, Floats a, Floats b) { return (Floats)(((Mask)a & mask) | ((Mask)b & ~mask)); }
static inline __attribute__((always_inline)) Floats Keep(Mask mask, Floats a) { return (Floats)((Mask)a & mask); }

// The smaller and the larger one; v where it is a NaN.
static inline __attribute__((always_inline)) Floats Least(Floats bound, Floats v) { return v > bound ? bound : v; }
static inline __attribute__((always_inline)) Floats Greatest(Floats bound, Floats v) { return v < bound ? bound : v; }

#if EQNET_SET == EQNET_AVX2
// a b + c and c - a b, rounded once.
static inline __attribute__((always_inline)) Floats FusedSum(Floats a, Floats b, Floats c) { return (Floats)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c); }
static inline __attribute__((always_inline)) Floats FusedRest(Floats a, Floats b, Floats c) { return (Floats)_mm256_fnmadd_ps((__m256)a, (__m256)b, (__m256)c); }
#endif
