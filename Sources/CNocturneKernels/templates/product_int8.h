/* The product of int8: four elements of one row against quadruples of NK_WIDTH columns. The sums are exact, so every
 * instruction set comes to the same integers. */

#ifdef NK_INT8_PRODUCTS
typedef uint8_t prepared_int8;
enum { NK_ADDITIONS = 1 };

/* The whole quadruple in one addition. */
NK_INLINE vi factors(vi quadruples, const int addition) {
  (void)addition;
  return quadruples;
}
NK_INLINE vi add_factors(vi sum, int32_t row, vi columns) {
  return (vi)_mm512_dpbusd_epi32((__m512i)sum, (__m512i)splat_i(row), (__m512i)columns);
}
#else
/* Rows hold each quadruple as its even, then its odd elements, so that a word is what one addition takes: pairs of 16
 * bits, into which a shift or two widen the columns' bytes. */
typedef uint16_t prepared_int8;
enum { NK_ADDITIONS = 2 };

NK_INLINE vi factors(vi quadruples, const int addition) {
  const vs halves = (vs)quadruples;
  return (vi)(addition == 0 ? halves << 8 >> 8 : halves >> 8);
}
#if defined(__x86_64__) && NK_WIDTH == 16
NK_INLINE vi pair_sums(vi a, vi b) { return (vi)_mm512_madd_epi16((__m512i)a, (__m512i)b); }
#elif defined(__x86_64__) && NK_WIDTH == 8
NK_INLINE vi pair_sums(vi a, vi b) { return (vi)_mm256_madd_epi16((__m256i)a, (__m256i)b); }
#elif defined(__x86_64__)
NK_INLINE vi pair_sums(vi a, vi b) { return (vi)_mm_madd_epi16((__m128i)a, (__m128i)b); }
#else
NK_INLINE vi pair_sums(vi a, vi b) { return (a << 16 >> 16) * (b << 16 >> 16) + (a >> 16) * (b >> 16); }
#endif
NK_INLINE vi add_factors(vi sum, int32_t row, vi columns) {
  sum += pair_sums(splat_i(row), columns);
#ifdef __x86_64__
  /* Left to itself the compiler adds the pairs' sums to each other first, and has no registers for them. */
  __asm__("" : "+v"(sum));
#endif
  return sum;
}
#endif

NK_INLINE void block_int8(const block_call *call, const int rows, const int first_column, const int vectors) {
  enum { BYTES = sizeof(prepared_int8) };
  const bool in_parts = NK_PART_DEPTH > 0;
  vi sum[NK_BLOCK_ROWS][NK_BLOCK_VECTORS];
  const char *b = call->panel + first_column * 4;
  const float *scale = (const float *)call->scales + first_column;
  const int32_t *start = (const int32_t *)scale + NK_PANEL;
  vi_unaligned *out[NK_BLOCK_ROWS];
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++) out[r] = (vi_unaligned *)(call->out + r * call->out_row + first_column);
#pragma clang loop unroll(full)
  for (int v = 0; v < vectors; v++)
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++)
      sum[r][v] = in_parts && call->continued ? out[r][v] : *(const vi_unaligned *)(start + v * NK_WIDTH);
  for (int k = 0; k < call->depth; k += 4, b += NK_PANEL * 4) {
#pragma clang loop unroll(full)
    for (int i = 0; i < NK_ADDITIONS; i++) {
      vi column[NK_BLOCK_VECTORS];
#pragma clang loop unroll(full)
      for (int v = 0; v < vectors; v++) column[v] = factors(*(const vi_unaligned *)(b + v * NK_WIDTH * 4), i);
#pragma clang loop unroll(full)
      for (int r = 0; r < rows; r++) {
        int32_t word;
        memcpy(&word, call->a + r * call->a_row + k * BYTES + i * 4, 4);
#pragma clang loop unroll(full)
        for (int v = 0; v < vectors; v++) sum[r][v] = add_factors(sum[r][v], word, column[v]);
      }
    }
  }
  if (in_parts && !call->last) {
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++)
#pragma clang loop unroll(full)
      for (int v = 0; v < vectors; v++) out[r][v] = sum[r][v];
    return;
  }
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++) {
    float row_scale;
    memcpy(&row_scale, call->a + r * call->a_row + call->row_scale, 4);
#pragma clang loop unroll(full)
    for (int v = 0; v < vectors; v++)
      out[r][v] = (vi)(__builtin_convertvector(sum[r][v], vf) * load(scale + v * NK_WIDTH) * row_scale);
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

/* n elements, and zeros up to a whole quadruple. */
#ifdef NK_INT8_PRODUCTS
NK_INLINE void store_elements(prepared_int8 *to, vi elements, size_t n) {
  const vb bytes = __builtin_convertvector(elements, vb);
  memcpy(to, &bytes, (n + 3) / 4 * 4);
}
#else
NK_INLINE void store_elements(prepared_int8 *to, vi elements, size_t n) {
  const vh halves = __builtin_convertvector(NK_EVEN_ODD(elements), vh);
  memcpy(to, &halves, (n + 3) / 4 * 8);
}
#endif

static void prepare_int8(const float *x, ptrdiff_t x_row, int rows, int columns, int padded, float slope, void *out,
                         ptrdiff_t out_row) {
  (void)slope;
  for (int r = 0; r < rows; r++) {
    const float *from = x + r * x_row;
    prepared_int8 *to = (prepared_int8 *)out + r * out_row;
    const float top = largest_magnitude(from, (size_t)columns);
    /* Below this the factor would overflow; NaN takes the other way. */
    const bool vanishes = top < 1e-30f;
    const float factor = vanishes ? 0.0f : 127.0f / top, scale = vanishes ? 0.0f : top / 127.0f;
    NK_EACH((size_t)columns, i, n, {
      const vf v = read(from + i, n);
      /* Adding 1.5 * 2^23 rounds to an integer in the low bits. */
      store_elements(to + i, (vi)(v * factor + 12582912.0f) - (0x4b400000 - 128), n);
    });
    memcpy(to + padded, &scale, 4);
  }
}
