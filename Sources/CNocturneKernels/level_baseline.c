/* What every CPU of the architecture has: SSE2 on x86-64, NEON on arm64. */
#ifdef __x86_64__
#include <emmintrin.h>
#endif

#define NK_TABLE nk_kernels_baseline
#define NK_WIDTH 4
#define NK_BLOCK_ROWS 6
#ifdef __aarch64__
#define NK_BLOCK_VECTORS 4
#else
#define NK_BLOCK_VECTORS 2
#endif
#define NK_PART_DEPTH 0
#define NK_ASKS_AHEAD 0
#define NK_TILE_BLOCKS 10
#define NK_TILE_BYTES 400000
#include "templates/level.h"
