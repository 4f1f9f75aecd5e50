// The lanes of AVX-512, where a comparison gives a bit for each.

constexpr int64_t kLanes = 16;
typedef float Floats __attribute__((vector_size(kLanes * sizeof(float))));
typedef __mmask16 Mask;

static inline __attribute__((always_inline)) Mask Less(Floats a, Floats b) { return _mm512_cmp_ps_mask((__m512)a, (__m512)b, _CMP_LT_OQ); }
static inline __attribute__((always_inline)) Mask Equal(Floats a, Floats b) { return _mm512_cmp_ps_mask((__m512)a, (__m512)b, _CMP_EQ_OQ); }
static inline __attribute__((always_inline)) Mask FirstLanes(int64_t count) { return count >= kLanes ? 0xffff : (1u << count) - 1; }
static inline bool Any(Mask mask) { return mask != 0; }

// The choice of each lane.
static inline __attribute__((always_inline)) Floats Choose(Mask mask, Floats a, Floats b) { return (Floats)_mm512_mask_blend_ps(mask, (__m512)b, (__m512)a); }
static inline __attribute__((always_inline)) Floats Keep(Mask mask, Floats a) { return (Floats)_mm512_maskz_mov_ps(mask, (__m512)a); }

// The smaller and the larger one; v where it is a NaN.
static inline __attribute__((always_inline)) Floats Least(Floats bound, Floats v) { return (Floats)_mm512_min_ps((__m512)bound, (__m512)v); }
static inline __attribute__((always_inline)) Floats Greatest(Floats bound, Floats v) { return (Floats)_mm512_max_ps((__m512)bound, (__m512)v); }

// a b + c and c - a b, rounded once.
static inline __attribute__((always_inline)) Floats FusedSum(Floats a, Floats b, Floats c) { return (Floats)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c); }
static inline __attribute__((always_inline)) Floats FusedRest(Floats a, Floats b, Floats c) { return (Floats)_mm512_fnmadd_ps((__m512)a, (__m512)b, (__m512)c); }
