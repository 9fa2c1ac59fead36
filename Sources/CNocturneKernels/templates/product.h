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

#define NK_BLOCK_COLUMNS (NK_BLOCK_VECTORS * NK_WIDTH)

/* Product of `rows` rows at `a` with one panel -> out, rows `out_row` apart. Blocks that begin past the panel's last
 * column are left out, and a block with columns for one vector has one: the decoder's last stage has half a panel, and
 * 80 keys end in half of one. */
typedef struct {
  const char *a;
  const char *panel;
  float *out;
  ptrdiff_t a_row, a_tap, out_row; /* a_row and a_tap in bytes */
  int taps, depth, columns;
  bool continued;    /* the sums go on from what `out` holds */
  const char *next;  /* weights that are asked for meanwhile, `pace` bytes for four steps of the depth */
  ptrdiff_t pace;
  /* Of int8 alone: sums stay integers until their last part, which `scales`, the end of the panel, belongs to; a row's
   * scale lies `row_scale` bytes behind `a`. */
  const char *scales;
  ptrdiff_t row_scale;
  bool last;
} block_call;

/* Asks for the lines of the next weights that are due at depth k: an early and even stream, which memory keeps up with
 * where the hardware's own guesses come in bursts. `sparse`: no more than a line is ever due. */
NK_INLINE const char *ask_ahead(const block_call *call, const char *next, int k, const bool sparse) {
  if (!NK_ASKS_AHEAD || k & 3) return next;
  const char *const due = next + call->pace;
  do __builtin_prefetch(next, 0, 2);
  while (!sparse && (next += 64) < due);
  return due;
}

NK_INLINE void start_sums(const block_call *call, vf (*sum)[NK_BLOCK_VECTORS], const int rows, const int first_column,
                          const int vectors) {
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++)
#pragma clang loop unroll(full)
    for (int v = 0; v < vectors; v++)
      sum[r][v] =
          call->continued ? load(call->out + r * call->out_row + first_column + v * NK_WIDTH) : splat(0.0f);
}

NK_INLINE void store_sums(const block_call *call, vf (*sum)[NK_BLOCK_VECTORS], const int rows, const int first_column,
                          const int vectors) {
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++)
#pragma clang loop unroll(full)
    for (int v = 0; v < vectors; v++)
      store(call->out + r * call->out_row + first_column + v * NK_WIDTH, sum[r][v]);
}

/* The first weights that are due while the block's columns from `first_column` on are computed. */
NK_INLINE const char *first_due(const block_call *call, const int first_column) {
  return call->next + first_column / NK_BLOCK_COLUMNS * (call->taps * call->depth / 4) * call->pace;
}

NK_INLINE void add_products(const block_call *call, vf (*sum)[NK_BLOCK_VECTORS], const int rows,
                            const int first_column, const int vectors, const bool sparse) {
  const float *b = (const float *)call->panel + first_column;
  const char *next = first_due(call, first_column);
  for (int t = 0; t < call->taps; t++) {
    const char *a = call->a + t * call->a_tap;
#pragma clang loop unroll_count(4)
    for (int k = 0; k < call->depth; k++, b += NK_PANEL) {
      next = ask_ahead(call, next, k, sparse);
      vf column[NK_BLOCK_VECTORS];
#pragma clang loop unroll(full)
      for (int v = 0; v < vectors; v++) column[v] = load(b + v * NK_WIDTH);
#pragma clang loop unroll(full)
      for (int r = 0; r < rows; r++) {
        const float x = ((const float *)(a + r * call->a_row))[k];
#pragma clang loop unroll(full)
        for (int v = 0; v < vectors; v++) sum[r][v] += x * column[v];
      }
    }
  }
}

NK_INLINE void block_f32(const block_call *call, const int rows, const int first_column, const int vectors) {
  vf sum[NK_BLOCK_ROWS][NK_BLOCK_VECTORS];
  start_sums(call, sum, rows, first_column, vectors);
  if (!NK_ASKS_AHEAD || call->pace <= 64) add_products(call, sum, rows, first_column, vectors, true);
  else add_products(call, sum, rows, first_column, vectors, false);
  store_sums(call, sum, rows, first_column, vectors);
}

/* The same over bf16 pairs for CPUs without a bf16 product: the rows were rounded to bf16 when prepared, a product of
 * two bf16 is exact in f32. */
NK_INLINE void block_rounded(const block_call *call, const int rows, const int first_column, const int vectors) {
  vf sum[NK_BLOCK_ROWS][NK_BLOCK_VECTORS];
  start_sums(call, sum, rows, first_column, vectors);
  const char *next = first_due(call, first_column);
  const uint32_t *b = (const uint32_t *)call->panel + first_column;
  for (int t = 0; t < call->taps; t++) {
    const char *a = call->a + t * call->a_tap;
    for (int k = 0; k < call->depth; k += 2, b += NK_PANEL) {
      next = ask_ahead(call, next, k, false);
#pragma clang loop unroll(full)
      for (int odd = 0; odd < 2; odd++) {
        vf column[NK_BLOCK_VECTORS];
#pragma clang loop unroll(full)
        for (int v = 0; v < vectors; v++) {
          const vu pairs = *(const vu_unaligned *)(b + v * NK_WIDTH);
          column[v] = (vf)(odd ? pairs & 0xffff0000u : pairs << 16);
        }
#pragma clang loop unroll(full)
        for (int r = 0; r < rows; r++) {
          const float x = ((const float *)(a + r * call->a_row))[k + odd];
#pragma clang loop unroll(full)
          for (int v = 0; v < vectors; v++) sum[r][v] += x * column[v];
        }
      }
    }
  }
  store_sums(call, sum, rows, first_column, vectors);
}

#define NK_BLOCK_CASE(BLOCK, n) \
  case n:                       \
    for (int c = 0; c < call->columns; c += NK_BLOCK_COLUMNS) \
      if (call->columns - c > NK_WIDTH) BLOCK(call, n, c, NK_BLOCK_VECTORS); \
      else BLOCK(call, n, c, 1); \
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

NK_INLINE int rounded_up(int n, int to) { return (n + to - 1) / to * to; }

NK_INLINE ptrdiff_t prepared_bytes(nk_number number) {
  return number == NK_F32 ? 4 : number == NK_BF16 ? (ptrdiff_t)sizeof(prepared_bf16) : (ptrdiff_t)sizeof(prepared_int8);
}

/* Asks for what finishing a block will touch; it arrives while the block is computed. */
NK_INLINE void foresee_block(const nk_finish *f, int row, int rows, int column, int columns) {
  for (int r = row; r < row + rows; r++)
    for (int c = column; c < column + columns; c += 16) {
      if (f->residual) __builtin_prefetch(f->residual + r * f->residual_row + c);
      __builtin_prefetch(f->out + r * f->out_row + c, 1);
    }
}

/* The depth in parts whose weights stay in the first cache while all blocks of a group of rows pass: `taps` whole taps,
 * or `depth` of one. Each sum is one chain whatever the parts. */
typedef struct {
  int taps, depth;
} depth_part;

NK_INLINE depth_part part_of(const nk_product *p, nk_number number) {
  const int most = number == NK_INT8 ? 4 * NK_PART_DEPTH : NK_PART_DEPTH;
  if (most == 0 || p->taps * p->depth <= most) return (depth_part){p->taps, p->depth};
  if (p->depth <= most) return (depth_part){most / p->depth, p->depth};
  const int parts = (p->depth + most - 1) / most;
  return (depth_part){1, rounded_up((p->depth + parts - 1) / parts, 4)};
}

/* The products of a group of rows with one panel. */
NK_INLINE void run_panel(block_call *call, const nk_product *p, int first_row, int rows, int column, float *raw,
                         const nk_number number) {
  const depth_part part = part_of(p, number);
  const bool whole = part.taps >= p->taps && part.depth >= p->depth;
  const int blocks = (rows + NK_BLOCK_ROWS - 1) / NK_BLOCK_ROWS;
  int tap = 0, k = 0;
  call->scales = call->panel + (ptrdiff_t)p->depth * NK_PANEL;
  do {
    call->taps = p->taps - tap < part.taps ? p->taps - tap : part.taps;
    call->depth = p->depth - k < part.depth ? p->depth - k : part.depth;
    call->continued = tap > 0 || k > 0;
    call->last = tap + call->taps == p->taps && k + call->depth == p->depth;
    call->row_scale = (p->depth - k) * prepared_bytes(number);
    const ptrdiff_t bytes =
        number == NK_INT8 ? call->depth * NK_PANEL : (ptrdiff_t)nk_panel_bytes(call->taps, call->depth, number);
    const ptrdiff_t share = bytes / blocks;
    const int steps = call->taps * call->depth * (NK_PANEL / NK_BLOCK_COLUMNS);
    call->pace = steps > 0 ? 4 * share / steps : 0;
    for (int row = 0, block, left = blocks; row < rows; row += block, left--) {
      /* Blocks alike, so that what is asked for comes evenly: sixteen rows are not fourteen and two. */
      block = (rows - row + left - 1) / left;
      call->a = (const char *)p->a + (first_row + row) * call->a_row + tap * call->a_tap + k * prepared_bytes(number);
      call->out = whole ? raw : raw + row * NK_PANEL;
      call->next = call->panel + bytes + (blocks - left) * share;
      if (call->last) foresee_block(&p->finish, first_row + row, block, column, call->columns);
      switch (number) {
        case NK_BF16: run_block_bf16(call, block); break;
        case NK_INT8: run_block_int8(call, block); break;
        default: run_block_f32(call, block);
      }
      if (call->last) finish_block(call->out, NK_PANEL, first_row + row, block, column, call->columns, &p->finish);
    }
    call->panel += bytes;
    k += call->depth;
    if (k == p->depth) {
      k = 0;
      tap += call->taps;
    }
  } while (tap < p->taps);
}

NK_INLINE void run_product(const nk_product *p, int first, int count, const nk_number number) {
  enum { GROUP_ROWS = NK_TILE_BLOCKS * NK_BLOCK_ROWS };
  const size_t panel_bytes = nk_panel_bytes(p->taps, p->depth, number);
  float raw[GROUP_ROWS * NK_PANEL] __attribute__((aligned(64)));
  block_call call = {.a_row = p->a_row * prepared_bytes(number), .a_tap = p->a_tap * prepared_bytes(number),
                     .out_row = NK_PANEL};
  for (int panel = first; panel < first + count; panel++) {
    const int column = panel * NK_PANEL;
    call.columns = p->columns - column < NK_PANEL ? p->columns - column : NK_PANEL;
    for (int row = 0; row < p->rows; row += GROUP_ROWS) {
      call.panel = (const char *)p->panels + (size_t)panel * panel_bytes;
      run_panel(&call, p, row, p->rows - row < GROUP_ROWS ? p->rows - row : GROUP_ROWS, column, raw, number);
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
