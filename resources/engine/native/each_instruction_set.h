// Includes EQNET_LOOPS once for each instruction set, inside the namespace of who includes this, which has declared a struct
// Loops; EQNET_LOOPS ends with a `const Loops all`. BestLoops() has those for this machine. EQNET_SET says which set it is, for
// loops that write instructions themselves (GCC's own macros do not change within a file of C++).
#define EQNET_PLAIN 0
#define EQNET_AVX2 1
#define EQNET_AVX512 2
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define EQNET_X86
#define EQNET_SET EQNET_AVX512
namespace avx512 {
#pragma GCC push_options
#pragma GCC target("avx512f,avx512vl,avx512dq,avx512bw,fma")
#include EQNET_LOOPS
#pragma GCC pop_options
}  // namespace avx512
#undef EQNET_SET
#define EQNET_SET EQNET_AVX2
namespace avx2 {
#pragma GCC push_options
#pragma GCC target("avx2,fma")
#include EQNET_LOOPS
#pragma GCC pop_options
}  // namespace avx2
#undef EQNET_SET
#endif
#define EQNET_SET EQNET_PLAIN
namespace plain {
#include EQNET_LOOPS
}

const Loops& BestLoops() {
#ifdef EQNET_X86
  if (HasAvx512()) return avx512::all;
  if (HasAvx2()) return avx2::all;
#endif
  return plain::all;
}
