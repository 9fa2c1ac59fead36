/* One instruction set's kernels. The including file sets NK_TABLE, NK_WIDTH, NK_BLOCK_ROWS,
 * NK_BLOCK_VECTORS, NK_PART_DEPTH (0: products take the whole depth at once), NK_ASKS_AHEAD (products in f32 and bf16
 * ask for the weights that come next), NK_TILE_BLOCKS, NK_TILE_BYTES, and the compiler's target. */
#include "vector.h"
#include "functions.h"
#include "elementwise.h"
#include "rows.h"
#include "recurrence.h"
#include "product.h"
#include "attention.h"

const nk_kernels NK_TABLE = {
    .prepared_bytes = {4, (int)sizeof(prepared_bf16), (int)sizeof(prepared_int8)},
    .block_rows = NK_BLOCK_ROWS,
    .tile_blocks = NK_TILE_BLOCKS,
    .tile_bytes = NK_TILE_BYTES,
    .prepare = {prepare_f32, prepare_bf16, prepare_int8},
    .product = {product_f32, product_bf16, product_int8},
    .finish = finish,
    .unary = unary,
    .binary = binary,
    .reduce = reduce,
    .softmax = softmax,
    .rms_norm = rms_norm,
    .layer_norm = layer_norm,
    .gated_silu = gated_silu,
    .modulate = modulate,
    .rotate = rotate,
    .scan = scan,
    .attention = {attention_f32, attention_bf16},
    .sum_rows = sum_rows,
    .to_bf16 = to_bf16,
    .from_bf16 = from_bf16,
};
