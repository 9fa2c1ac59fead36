/* Products over packed panels: block_rows rows by one panel in registers, all taps and the whole depth in one go.
 *
 * NK_BLOCK_ROWS rows and NK_BLOCK_VECTORS vectors of a panel's columns fill the register file. */

NK_INLINE void store_finished(const nk_finish *f, vf v, int row, int column, size_t n) {
  if (f->bias) v += read(f->bias + column, n);
  switch (f->activation) {
    case NK_NONE: break;
    case NK_GELU: v = gelu(v); break;
    case NK_SILU: v = silu(v); break;
    case NK_TANH: v = hyperbolic_tangent(v); break;
  }
  if (f->residual) v += read(f->residual + row * f->residual_row + column, n);
  write(f->out + row * f->out_row + column, v, n);
}

NK_INLINE void finish_block(const float *raw, ptrdiff_t raw_row, int row, int rows, int column, int columns,
                            const nk_finish *f) {
  for (int r = 0; r < rows; r++)
    NK_EACH((size_t)columns, c, n, store_finished(f, read(raw + r * raw_row + c, n), row + r, column + (int)c, n););
}

static void finish(const float *raw, ptrdiff_t raw_row, int rows, int columns, const nk_finish *f) {
  finish_block(raw, raw_row, 0, rows, 0, columns, f);
}

/* Product of `rows` rows at `a` with one panel -> out, rows `out_row` apart. */
typedef struct {
  const char *a;
  const char *panel;
  float *out;
  ptrdiff_t a_row, a_tap, out_row; /* a_row and a_tap in bytes */
  int taps, depth;
} block_call;

NK_INLINE void block_f32(const block_call *call, const int rows, const int first_column) {
  vf sum[NK_BLOCK_ROWS][NK_BLOCK_VECTORS];
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++)
#pragma clang loop unroll(full)
    for (int v = 0; v < NK_BLOCK_VECTORS; v++) sum[r][v] = splat(0.0f);
  const float *b = (const float *)call->panel + first_column;
  for (int t = 0; t < call->taps; t++) {
    const char *a = call->a + t * call->a_tap;
    for (int k = 0; k < call->depth; k++, b += NK_PANEL) {
      vf column[NK_BLOCK_VECTORS];
#pragma clang loop unroll(full)
      for (int v = 0; v < NK_BLOCK_VECTORS; v++) column[v] = load(b + v * NK_WIDTH);
#pragma clang loop unroll(full)
      for (int r = 0; r < rows; r++) {
        const float x = ((const float *)(a + r * call->a_row))[k];
#pragma clang loop unroll(full)
        for (int v = 0; v < NK_BLOCK_VECTORS; v++) sum[r][v] += x * column[v];
      }
    }
  }
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++)
#pragma clang loop unroll(full)
    for (int v = 0; v < NK_BLOCK_VECTORS; v++)
      store(call->out + r * call->out_row + first_column + v * NK_WIDTH, sum[r][v]);
}

/* The same over bf16 pairs for CPUs without a bf16 product: the rows were rounded to bf16 when prepared, a product of
 * two bf16 is exact in f32. */
NK_INLINE void block_rounded(const block_call *call, const int rows, const int first_column) {
  vf sum[NK_BLOCK_ROWS][NK_BLOCK_VECTORS];
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++)
#pragma clang loop unroll(full)
    for (int v = 0; v < NK_BLOCK_VECTORS; v++) sum[r][v] = splat(0.0f);
  const uint32_t *b = (const uint32_t *)call->panel + first_column;
  for (int t = 0; t < call->taps; t++) {
    const char *a = call->a + t * call->a_tap;
    for (int k = 0; k < call->depth; k += 2, b += NK_PANEL) {
#pragma clang loop unroll(full)
      for (int odd = 0; odd < 2; odd++) {
        vf column[NK_BLOCK_VECTORS];
#pragma clang loop unroll(full)
        for (int v = 0; v < NK_BLOCK_VECTORS; v++) {
          const vu pairs = *(const vu_unaligned *)(b + v * NK_WIDTH);
          column[v] = (vf)(odd ? pairs & 0xffff0000u : pairs << 16);
        }
#pragma clang loop unroll(full)
        for (int r = 0; r < rows; r++) {
          const float x = ((const float *)(a + r * call->a_row))[k + odd];
#pragma clang loop unroll(full)
          for (int v = 0; v < NK_BLOCK_VECTORS; v++) sum[r][v] += x * column[v];
        }
      }
    }
  }
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++)
#pragma clang loop unroll(full)
    for (int v = 0; v < NK_BLOCK_VECTORS; v++)
      store(call->out + r * call->out_row + first_column + v * NK_WIDTH, sum[r][v]);
}

#define NK_BLOCK_COLUMNS (NK_BLOCK_VECTORS * NK_WIDTH)
#define NK_BLOCK_CASE(BLOCK, n) \
  case n:                       \
    for (int c = 0; c < NK_PANEL; c += NK_BLOCK_COLUMNS) BLOCK(call, n, c); \
    break;
/* Each row count is its own unrolled loop. */
#if NK_BLOCK_ROWS > 8
#define NK_BLOCK_CASES(BLOCK)                                                                                     \
  NK_BLOCK_CASE(BLOCK, 1) NK_BLOCK_CASE(BLOCK, 2) NK_BLOCK_CASE(BLOCK, 3) NK_BLOCK_CASE(BLOCK, 4)                 \
  NK_BLOCK_CASE(BLOCK, 5) NK_BLOCK_CASE(BLOCK, 6) NK_BLOCK_CASE(BLOCK, 7) NK_BLOCK_CASE(BLOCK, 8)                 \
  NK_BLOCK_CASE(BLOCK, 9) NK_BLOCK_CASE(BLOCK, 10) NK_BLOCK_CASE(BLOCK, 11) NK_BLOCK_CASE(BLOCK, 12)              \
  NK_BLOCK_CASE(BLOCK, 13) NK_BLOCK_CASE(BLOCK, 14)
#else
#define NK_BLOCK_CASES(BLOCK)                                                                                     \
  NK_BLOCK_CASE(BLOCK, 1) NK_BLOCK_CASE(BLOCK, 2) NK_BLOCK_CASE(BLOCK, 3) NK_BLOCK_CASE(BLOCK, 4)                 \
  NK_BLOCK_CASE(BLOCK, 5) NK_BLOCK_CASE(BLOCK, 6)
#endif

static void run_block_f32(const block_call *call, int rows) {
  switch (rows) { NK_BLOCK_CASES(block_f32) }
}

#ifdef NK_BF16_PRODUCTS
#include "product_bf16.h"
static void run_block_bf16(const block_call *call, int rows) {
  switch (rows) { NK_BLOCK_CASES(block_bf16) }
}
#else
typedef float prepared_bf16;
static void run_block_bf16(const block_call *call, int rows) {
  switch (rows) { NK_BLOCK_CASES(block_rounded) }
}
NK_INLINE void store_prepared(prepared_bf16 *out, vf v, size_t n) { write(out, (vf)round_bf16(v), n); }
#endif

#include "product_int8.h"

/* Asks for what finishing a block will touch; it arrives while the block is computed. */
NK_INLINE void foresee_block(const nk_finish *f, int row, int rows, int column, int columns) {
  for (int r = row; r < row + rows; r++)
    for (int c = column; c < column + columns; c += 16) {
      if (f->residual) __builtin_prefetch(f->residual + r * f->residual_row + c);
      __builtin_prefetch(f->out + r * f->out_row + c, 1);
    }
}

NK_INLINE void run_product(const nk_product *p, int first, int count, const nk_number number) {
  const ptrdiff_t element = number == NK_F32 ? 4 : number == NK_BF16 ? (ptrdiff_t)sizeof(prepared_bf16) : 1;
  const size_t panel_bytes = nk_panel_bytes(p->taps, p->depth, number);
  float raw[NK_BLOCK_ROWS * NK_PANEL] __attribute__((aligned(64)));
  block_call call = {.out = raw, .a_row = p->a_row * element, .a_tap = p->a_tap * element, .out_row = NK_PANEL,
                     .taps = p->taps, .depth = p->depth};
  for (int panel = first; panel < first + count; panel++) {
    call.panel = (const char *)p->panels + (size_t)panel * panel_bytes;
    const int column = panel * NK_PANEL;
    const int columns = p->columns - column < NK_PANEL ? p->columns - column : NK_PANEL;
    for (int row = 0; row < p->rows; row += NK_BLOCK_ROWS) {
      const int rows = p->rows - row < NK_BLOCK_ROWS ? p->rows - row : NK_BLOCK_ROWS;
      call.a = (const char *)p->a + row * call.a_row;
      foresee_block(&p->finish, row, rows, column, columns);
      switch (number) {
        case NK_BF16: run_block_bf16(&call, rows); break;
        case NK_INT8: run_block_int8(&call, rows); break;
        default: run_block_f32(&call, rows);
      }
      finish_block(raw, NK_PANEL, row, rows, column, columns, &p->finish);
    }
  }
}

static void product_f32(const nk_product *p, int first, int count) { run_product(p, first, count, NK_F32); }
static void product_bf16(const nk_product *p, int first, int count) { run_product(p, first, count, NK_BF16); }
static void product_int8(const nk_product *p, int first, int count) { run_product(p, first, count, NK_INT8); }

#define NK_PREPARE(NAME, TYPE, WRITE)                                                                             \
  static void NAME(const float *x, ptrdiff_t x_row, int rows, int columns, int padded, float slope, void *out,    \
                   ptrdiff_t out_row) {                                                                           \
    for (int r = 0; r < rows; r++) {                                                                              \
      const float *from = x + r * x_row;                                                                          \
      TYPE *to = (TYPE *)out + r * out_row;                                                                       \
      if (slope == 1.0f)                                                                                          \
        NK_EACH((size_t)columns, i, n, WRITE(to + i, read(from + i, n), n););                                     \
      else                                                                                                        \
        NK_EACH((size_t)columns, i, n, WRITE(to + i, leaky(read(from + i, n), slope), n););                       \
      if (padded > columns) memset(to + columns, 0, (size_t)(padded - columns) * sizeof(TYPE));                   \
    }                                                                                                             \
  }

NK_PREPARE(prepare_f32, float, write)
NK_PREPARE(prepare_bf16, prepared_bf16, store_prepared)
