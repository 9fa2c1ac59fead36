/* Which instruction sets this CPU has and which kernels serve them. */
#include "nocturne_kernels.h"

extern const nk_kernels nk_kernels_baseline;
#ifdef __x86_64__
extern const nk_kernels nk_kernels_avx2, nk_kernels_avx512, nk_kernels_avx512_bf16;

#include <cpuid.h>

/* __builtin_cpu_supports asks the operating system's saved state too, but does not know AMX. */
static bool has_amx(void) {
  unsigned a, b, c, d;
  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) return false;
  const bool bf16 = d >> 22 & 1, tile = d >> 24 & 1;
  if (!bf16 || !tile) return false;
  /* Tile state (bits 17 and 18) must be enabled in XCR0. */
  unsigned low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (low >> 17 & 3) == 3;
}

nk_level nk_cpu_level(void) {
  __builtin_cpu_init();
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) return NK_BASELINE;
  if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512bw") ||
      !__builtin_cpu_supports("avx512dq") || !__builtin_cpu_supports("avx512vl"))
    return NK_AVX2;
  /* Every CPU with the one has the other. */
  if (!__builtin_cpu_supports("avx512bf16") || !__builtin_cpu_supports("avx512vnni")) return NK_AVX512;
  return has_amx() ? NK_AMX_BF16 : NK_AVX512_BF16;
}
#else
nk_level nk_cpu_level(void) { return NK_BASELINE; }
#endif

const char *nk_level_name(nk_level level) {
  static const char *const names[] = {"scalar", "avx2", "avx512", "avx512_bf16", "amx_bf16"};
  return names[level];
}

const nk_kernels *nk_kernels_at(nk_level level) {
#ifdef __x86_64__
  switch (level) {
    case NK_AMX_BF16:
    case NK_AVX512_BF16: return &nk_kernels_avx512_bf16;
    case NK_AVX512: return &nk_kernels_avx512;
    case NK_AVX2: return &nk_kernels_avx2;
    case NK_BASELINE: break;
  }
#else
  (void)level;
#endif
  return &nk_kernels_baseline;
}
