/* The product of int8: four bytes of one row against quadruples of NK_WIDTH columns. The sums are exact, so every
 * instruction set comes to the same integers. */

#ifdef NK_INT8_PRODUCTS
NK_INLINE vi add_quadruple(vi sum, uint32_t row, vi columns) {
  return (vi)_mm512_dpbusd_epi32((__m512i)sum, (__m512i)splat_i((int32_t)row), (__m512i)columns);
}
#else
NK_INLINE vi add_quadruple(vi sum, uint32_t row, vi columns) {
  sum += (int32_t)(row & 255) * (columns << 24 >> 24);
  sum += (int32_t)(row >> 8 & 255) * (columns << 16 >> 24);
  sum += (int32_t)(row >> 16 & 255) * (columns << 8 >> 24);
  return sum + (int32_t)(row >> 24) * (columns >> 24);
}
#endif

NK_INLINE void block_int8(const block_call *call, const int rows, const int first_column, const int vectors) {
  vi sum[NK_BLOCK_ROWS][NK_BLOCK_VECTORS];
  const char *b = call->panel + first_column * 4;
  const float *scale = (const float *)(call->panel + (ptrdiff_t)call->depth * NK_PANEL) + first_column;
  const int32_t *correction = (const int32_t *)scale + NK_PANEL;
#pragma clang loop unroll(full)
  for (int v = 0; v < vectors; v++)
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++) sum[r][v] = *(const vi_unaligned *)(correction + v * NK_WIDTH);
  for (int k = 0; k < call->depth; k += 4, b += NK_PANEL * 4) {
    vi column[NK_BLOCK_VECTORS];
#pragma clang loop unroll(full)
    for (int v = 0; v < vectors; v++) column[v] = *(const vi_unaligned *)(b + v * NK_WIDTH * 4);
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++) {
      uint32_t quadruple;
      memcpy(&quadruple, call->a + r * call->a_row + k, 4);
#pragma clang loop unroll(full)
      for (int v = 0; v < vectors; v++) sum[r][v] = add_quadruple(sum[r][v], quadruple, column[v]);
    }
  }
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++) {
    float row_scale;
    memcpy(&row_scale, call->a + r * call->a_row + call->depth, 4);
#pragma clang loop unroll(full)
    for (int v = 0; v < vectors; v++)
      store(call->out + r * call->out_row + first_column + v * NK_WIDTH,
            __builtin_convertvector(sum[r][v], vf) * load(scale + v * NK_WIDTH) * row_scale);
  }
}

/* A function of its own: what its caller keeps in registers, the sums would have to leave. */
static __attribute__((noinline)) void run_block_int8(const block_call *call, int rows) {
  switch (rows) { NK_BLOCK_CASES(block_int8) }
}

/* Magnitudes as integers grow as the floats do, infinity above all numbers and NaN above infinity. */
NK_INLINE vi larger_bits(vi a, vi b) {
  const vi mask = a > b;
  return (a & mask) | (b & ~mask);
}
NK_INLINE float largest_magnitude(const float *x, size_t count) {
  vi top = {0};
  NK_EACH(count, i, n, top = larger_bits((vi)magnitude(read(x + i, n)), top););
  NK_FOLD(top, larger_bits)
  float result;
  const int32_t bits = top[0];
  memcpy(&result, &bits, 4);
  return result;
}

static void prepare_int8(const float *x, ptrdiff_t x_row, int rows, int columns, int padded, float slope, void *out,
                         ptrdiff_t out_row) {
  for (int r = 0; r < rows; r++) {
    const float *from = x + r * x_row;
    uint8_t *to = (uint8_t *)out + r * out_row;
    const float top = largest_magnitude(from, (size_t)columns);
    /* Below this the factor would overflow; NaN takes the other way. */
    const bool vanishes = top < 1e-30f;
    const float factor = vanishes ? 0.0f : 127.0f / top, scale = vanishes ? 0.0f : top / 127.0f;
    NK_EACH((size_t)columns, i, n, {
      const vf v = slope == 1.0f ? read(from + i, n) : leaky(read(from + i, n), slope);
      /* Adding 1.5 * 2^23 rounds to an integer in the low bits. */
      const vi rounded = (vi)(v * factor + 12582912.0f) - (0x4b400000 - 128);
      const vb bytes = __builtin_convertvector(rounded, vb);
      memcpy(to + i, &bytes, n);
    });
    memset(to + columns, 0, (size_t)(padded - columns));
    memcpy(to + padded, &scale, 4);
  }
}
