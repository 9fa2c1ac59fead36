/* Nocturne's kernels in C, written once over vector types and compiled per instruction set.
 *
 * Every kernel works on a range of rows handed to it, and what it writes for a row depends on that row only. Threads are
 * started by nk_pool alone; memory is the caller's, but for the scratch of attention and of oneDNN's products. Strides
 * count elements. */
#ifndef NOCTURNE_KERNELS_H
#define NOCTURNE_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- Instruction sets ------------------------------------------------------------------------------------------- */

/* In growing order. The baseline is SSE2 on x86-64 and NEON on arm64. */
typedef enum nk_level {
  NK_BASELINE = 0,
  NK_AVX2 = 1,        /* with FMA */
  NK_AVX512 = 2,      /* F, BW, DQ, VL */
  NK_AVX512_BF16 = 3,
  NK_AMX_BF16 = 4,    /* its products go through oneDNN */
} nk_level;

/* The best this CPU and its operating system offer. */
nk_level nk_cpu_level(void);
/* `scalar`, `avx2`, `avx512`, `avx512_bf16`, `amx_bf16`. */
const char *nk_level_name(nk_level level);

/* ---- Threads ---------------------------------------------------------------------------------------------------- */

typedef struct nk_pool nk_pool;
typedef void (*nk_task)(void *context, size_t index);

/* `threads` counts the calling one; NULL where a thread cannot be started. */
nk_pool *nk_pool_create(int threads);
void nk_pool_destroy(nk_pool *pool);
/* Calls task(context, i) once for each i < count and returns when all have returned. Denormals are flushed to zero in
 * every thread while it computes. Called while the pool is busy, it does the whole work in the calling thread. */
void nk_pool_run(nk_pool *pool, size_t count, void *context, nk_task task);

/* The calling thread's scratch memory, 64-byte aligned, valid until its next call with a higher size in the same slot. */
enum { NK_SCRATCH_ROWS = 0, NK_SCRATCH_KEYS = 1, NK_SCRATCH_SLOTS = 2 };
void *nk_scratch(int slot, size_t bytes);

/* Aligned memory for weights and activations, in huge pages where it is large; NULL when there is none. */
void *nk_allocate(size_t bytes);
void nk_release(void *memory);

/* What happens where the system refuses memory that an operation cannot do without: the handler is called, on any thread,
 * with the bytes that were asked for, and must not return. Without one the process aborts. */
typedef void (*nk_refusal)(size_t bytes);
void nk_on_refusal(nk_refusal handler);
_Noreturn void nk_refuse(size_t bytes);

/* ---- Products --------------------------------------------------------------------------------------------------- */

/* What the factors of a product are rounded to; sums are f32, those of int8 exact integers first. */
typedef enum nk_number { NK_F32 = 0, NK_BF16 = 1, NK_INT8 = 2, NK_NUMBERS = 3 } nk_number;

/* Columns of a packed panel. A panel holds, tap after tap, depth rows of 32 floats, depth/2 rows of 32 pairs of bf16
 * (elements 2k and 2k+1 of one column beside each other), or depth/4 rows of 32 quadruples of int8, behind which stand
 * 32 floats, the columns' scales, and 32 int32, -128 times the columns' sums; missing columns and depth are zero.
 *
 * int8, one tap only: a weight is scale(column) * w with w in -127...127, an element of a row is scale(row) * (a - 128)
 * with a in 1...255, each scale the largest magnitude / 127. A row's scale stands behind its padded elements. */
enum { NK_PANEL = 32 };

typedef enum nk_activation { NK_NONE = 0, NK_GELU = 1, NK_SILU = 2, NK_TANH = 3 } nk_activation;

/* What becomes of a product while it is in registers' reach: activation(sum + bias) + residual. */
typedef struct nk_finish {
  const float *bias;      /* [columns] or NULL */
  const float *residual;  /* row 0, column 0, or NULL */
  ptrdiff_t residual_row;
  float *out;             /* row 0, column 0 */
  ptrdiff_t out_row;
  nk_activation activation;
} nk_finish;

/* out[r, c] = sum over taps t and depth k of a[r * a_row + t * a_tap + k] * panel(c)[t, k]: a linear layer has one tap,
 * a convolution one for each kernel element. Each sum is a single chain in the order of (t, k), so its bits depend
 * neither on the rows that ride along nor on how columns are shared out. */
typedef struct nk_product {
  const void *a;          /* prepared rows, see nk_kernels.prepare */
  ptrdiff_t a_row, a_tap;
  const void *panels;
  int rows, columns, taps, depth;
  nk_finish finish;
} nk_product;

/* Weight element of output o, input i, tap t: w[o * output_step + i * input_step + t * tap_step]. */
typedef struct nk_weight {
  const float *w;
  ptrdiff_t output_step, input_step, tap_step;
  int outputs, inputs, taps;
} nk_weight;

/* Depth as packed: a multiple of 2 for bf16, of 4 for int8. */
int nk_packed_depth(int inputs, nk_number number);
size_t nk_panel_bytes(int taps, int inputs, nk_number number);
/* Writes a panel where it belongs behind `panels`, the start of panel 0. */
void nk_pack(const nk_weight *weight, nk_number number, int panel, void *panels);

/* ---- Row kernels ------------------------------------------------------------------------------------------------ */

typedef enum nk_unary {
  NK_NEGATE, NK_SQUARE, NK_SQUARE_ROOT, NK_EXPONENTIAL, NK_TANH_OP, NK_SIGMOID, NK_GELU_OP, NK_SILU_OP,
  NK_LEAKY,  /* slope p */
  NK_AFFINE, /* x p + q */
  NK_CLAMP,  /* p ... q */
} nk_unary;

typedef enum nk_binary { NK_ADD, NK_SUBTRACT, NK_MULTIPLY, NK_DIVIDE } nk_binary;

typedef enum nk_reduce { NK_SUM, NK_MEAN, NK_MAXIMUM } nk_reduce;

/* One direction of an SRU over K steps of one row (model.md 7.1). */
typedef struct nk_scan {
  const float *projected; /* step 0: [3, units], steps `projected_step` apart */
  const float *input;     /* this direction's channels of step 0, steps `input_step` apart */
  const float *cell_forget, *cell_reset, *bias_forget, *bias_reset; /* [units] */
  float *out;             /* as input */
  ptrdiff_t projected_step, input_step, out_step;
  float skip_scale;
  int steps, units;
  bool backward;
} nk_scan;

/* Heads over `batches` groups of query rows that read the same keys: one head, or several side by side where
 * query_count is 1 and the keys are not to be rotated. */
typedef struct nk_attention {
  const float *queries, *keys, *values; /* the first head's first channel of row 0 */
  /* Instead of keys and values, where query_count is 1: the same in bf16; or NULL. */
  const uint16_t *narrow_keys, *narrow_values;
  float *out;
  ptrdiff_t query_row, key_row, value_row, out_row;
  ptrdiff_t query_batch, out_batch;     /* between the groups of query rows */
  const float *query_rotary, *key_rotary; /* [rows, head_dim]: cosines, then sines of each half; or NULL */
  int batches, query_count, key_count, heads, head_dim;
  int causal_offset;                    /* where causal: query t sees keys 0...(offset + t) */
  bool causal;
  float scale;
} nk_attention;

typedef struct nk_kernels {
  /* Bytes of an element of prepared rows by nk_number (4 where bf16 is computed as rounded f32). */
  int prepared_bytes[NK_NUMBERS];
  /* Rows of a register block: tiles of a multiple of it waste nothing. */
  int block_rows;
  /* Most row blocks of a tile, and bytes of prepared rows: a tile's rows stay near while all weights pass. */
  int tile_blocks, tile_bytes;

  /* leaky(x) of `columns` floats a row (int8: x itself), as rows `out_row` apart of the element the products read, by
   * nk_number; zeros behind, up to `padded`, and behind those an int8 row's scale, for which out_row leaves room. Rounds
   * to nearest even. A value that is not finite makes all of an int8 row's products not finite. */
  void (*prepare[NK_NUMBERS])(const float *x, ptrdiff_t x_row, int rows, int columns, int padded, float slope,
                              void *out, ptrdiff_t out_row);
  /* Columns of panels [first, first + count), by nk_number. */
  void (*product[NK_NUMBERS])(const nk_product *product, int first, int count);
  /* The same ending for products made elsewhere: raw [rows, raw_row], columns already offset in `finish`. */
  void (*finish)(const float *raw, ptrdiff_t raw_row, int rows, int columns, const nk_finish *finish);

  void (*unary)(nk_unary op, float p, float q, const float *x, float *out, size_t count);
  /* x_step and y_step are 1, or 0 for a scalar. */
  void (*binary)(nk_binary op, const float *x, int x_step, const float *y, int y_step, float *out, size_t count);
  /* [extent, inner] -> [inner]; sums and means where inner is 1 (else `sum_rows`). */
  void (*reduce)(nk_reduce op, const float *x, size_t extent, size_t inner, float *out);
  void (*softmax)(const float *x, float *out, size_t rows, size_t width);
  void (*rms_norm)(const float *x, const float *y, const float *weight, float epsilon, float *out, size_t rows,
                   size_t width);
  void (*layer_norm)(const float *x, const float *y, const float *weight, const float *bias, float epsilon, float *out,
                     size_t rows, size_t width);
  void (*gated_silu)(const float *gate, const float *up, float *out, size_t count);
  /* out[k, d] = x[k, d] * scale[d] + shift[d]. */
  void (*modulate)(const float *x, const float *scale, const float *shift, float *out, size_t rows, size_t width);
  /* One row of heads * head_dim; rotary as in nk_attention. */
  void (*rotate)(const float *x, const float *rotary, float *out, int heads, int head_dim);
  void (*scan)(const nk_scan *scan);
  /* Index 0: f32 products, 1: bf16 where the level has them. */
  void (*attention[2])(const nk_attention *attention);
  /* out[d] = factor * sum over i < count of x[i * step + d]. */
  void (*sum_rows)(const float *x, ptrdiff_t step, size_t count, float factor, float *out, size_t width);
  void (*to_bf16)(const float *x, uint16_t *out, size_t count);
  void (*from_bf16)(const uint16_t *x, float *out, size_t count);
} nk_kernels;

/* The kernels of a level this CPU has; of the next lower one where the build does not know it. */
const nk_kernels *nk_kernels_at(nk_level level);

/* ---- oneDNN ----------------------------------------------------------------------------------------------------- */

/* `2.6.0`. */
const char *nk_dnn_version(void);
/* oneDNN's own name of the instruction set it uses, such as `avx512_core_bf16`. */
const char *nk_dnn_isa(void);

/* A product with a fixed tile of rows whose weights oneDNN keeps in its own layout: nk_product through oneDNN, one
 * matmul for each tap and group of columns. Results depend on the tile's shape, never on how many of its rows matter. */
typedef struct nk_dnn_product nk_dnn_product;

/* Rows of a lie a_row apart. NULL on failure, *status then holds oneDNN's dnnl_status_t. */
nk_dnn_product *nk_dnn_create(const nk_weight *weight, bool bf16, int tile_rows, ptrdiff_t a_row, int *status);
void nk_dnn_destroy(nk_dnn_product *product);
int nk_dnn_groups(const nk_dnn_product *product);
/* One group of columns of one tile; 0, or oneDNN's status. The product's panels and depth are not read; its rows may
 * be fewer than the tile, but a's memory must hold the whole tile. Thread-safe. */
int nk_dnn_run(const nk_dnn_product *product, const nk_kernels *kernels, const nk_product *tile, int group);
#endif
