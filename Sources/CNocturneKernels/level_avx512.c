/* AVX-512: thirty-two registers of sixteen floats. */
#ifdef __x86_64__
#include <immintrin.h>
#include <math.h>
#include <string.h>

#include "nocturne_kernels.h"

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,f16c,bmi,bmi2"))), apply_to = function)
#define NK_TABLE nk_kernels_avx512
#define NK_WIDTH 16
#define NK_BLOCK_ROWS 14
#define NK_BLOCK_VECTORS 2
#define NK_PART_DEPTH 0
#define NK_ASKS_AHEAD 1
#define NK_TILE_BLOCKS 10
#define NK_TILE_BYTES 400000
#include "templates/level.h"
#pragma clang attribute pop
#endif
