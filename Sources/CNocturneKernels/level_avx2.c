/* AVX2 with FMA: sixteen registers of eight floats. */
#ifdef __x86_64__
#include <immintrin.h>
#include <math.h>
#include <string.h>

#include "nocturne_kernels.h"

#pragma clang attribute push(__attribute__((target("avx2,fma,f16c,bmi,bmi2"))), apply_to = function)
#define NK_TABLE nk_kernels_avx2
#define NK_WIDTH 8
#define NK_BLOCK_ROWS 6
#define NK_BLOCK_VECTORS 2
#define NK_PART_DEPTH 128
#define NK_ASKS_AHEAD 1
#define NK_TILE_BLOCKS 16
#define NK_TILE_BYTES 800000
#include "templates/level.h"
#pragma clang attribute pop
#endif
