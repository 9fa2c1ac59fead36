/* The bf16 product of AVX512_BF16: a pair of bf16 of one row against pairs of sixteen columns. */

typedef uint16_t prepared_bf16;

NK_INLINE void add_pairs(const block_call *call, vf (*sum)[NK_BLOCK_VECTORS], const int rows, const int first_column,
                         const int vectors, const bool sparse) {
  const char *b = call->panel + first_column * 4;
  const char *next = first_due(call, first_column);
  for (int t = 0; t < call->taps; t++) {
    const char *a = call->a + t * call->a_tap;
#pragma clang loop unroll_count(2)
    for (int k = 0; k < call->depth; k += 2, b += NK_PANEL * 4) {
      next = ask_ahead(call, next, k, sparse);
      __m512bh column[NK_BLOCK_VECTORS];
#pragma clang loop unroll(full)
      for (int v = 0; v < vectors; v++) column[v] = (__m512bh)_mm512_loadu_si512(b + v * 64);
#pragma clang loop unroll(full)
      for (int r = 0; r < rows; r++) {
        int32_t pair;
        memcpy(&pair, a + r * call->a_row + k * 2, 4);
        const __m512bh x = (__m512bh)_mm512_set1_epi32(pair);
#pragma clang loop unroll(full)
        for (int v = 0; v < vectors; v++) sum[r][v] = (vf)_mm512_dpbf16_ps((__m512)sum[r][v], x, column[v]);
      }
    }
  }
}

NK_INLINE void block_bf16(const block_call *call, const int rows, const int first_column, const int vectors) {
  vf sum[NK_BLOCK_ROWS][NK_BLOCK_VECTORS];
  start_sums(call, sum, rows, first_column, vectors);
  if (!NK_ASKS_AHEAD || call->pace <= 64) add_pairs(call, sum, rows, first_column, vectors, true);
  else add_pairs(call, sum, rows, first_column, vectors, false);
  store_sums(call, sum, rows, first_column, vectors);
}

NK_INLINE void store_prepared(prepared_bf16 *out, vf v, size_t n) {
  const __m256i h = (__m256i)_mm512_cvtneps_pbh((__m512)v);
  if (n == NK_WIDTH) _mm256_storeu_si256((__m256i *)out, h);
  else _mm256_mask_storeu_epi16(out, (__mmask16)((1u << n) - 1), h);
}
