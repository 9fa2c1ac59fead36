/* What every CPU of the architecture has: SSE2 on x86-64, NEON on arm64. */
#define NK_LEVEL NK_BASELINE
#define NK_TABLE nk_kernels_baseline
#define NK_WIDTH 4
#define NK_BLOCK_ROWS 6
#ifdef __aarch64__
#define NK_BLOCK_VECTORS 4
#else
#define NK_BLOCK_VECTORS 2
#endif
#include "templates/level.h"
