// Includes EQNET_LOOPS once for each instruction set, inside the namespace of who includes this, which has declared a struct
// Loops; EQNET_LOOPS ends with a `const Loops all`. BestLoops() has those for this machine.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define EQNET_X86
// GCC 12 and older define no macros for a target within a file.
namespace avx512 {
#pragma GCC push_options
#pragma GCC target("avx512f,avx512vl,avx512dq,avx512bw,fma")
#define EQNET_AVX512
#include EQNET_LOOPS
#undef EQNET_AVX512
#pragma GCC pop_options
}  // namespace avx512
namespace avx2 {
#pragma GCC push_options
#pragma GCC target("avx2,fma")
#define EQNET_AVX2
#include EQNET_LOOPS
#undef EQNET_AVX2
#pragma GCC pop_options
}  // namespace avx2
#endif
namespace plain {
#include EQNET_LOOPS
}

const Loops& BestLoops() {
#ifdef EQNET_X86
  if (__builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")) return avx512::all;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return avx2::all;
#endif
  return plain::all;
}
