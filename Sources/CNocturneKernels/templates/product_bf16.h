/* The bf16 product of AVX512_BF16: a pair of bf16 of one row against pairs of sixteen columns. */

typedef uint16_t prepared_bf16;

NK_INLINE void block_bf16(const block_call *call, const int rows, const int first_column) {
  __m512 sum[NK_BLOCK_ROWS][NK_BLOCK_VECTORS];
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++)
#pragma clang loop unroll(full)
    for (int v = 0; v < NK_BLOCK_VECTORS; v++) sum[r][v] = _mm512_setzero_ps();
  const char *b = call->panel + first_column * 4;
  for (int t = 0; t < call->taps; t++) {
    const char *a = call->a + t * call->a_tap;
    for (int k = 0; k < call->depth; k += 2, b += NK_PANEL * 4) {
      __m512bh column[NK_BLOCK_VECTORS];
#pragma clang loop unroll(full)
      for (int v = 0; v < NK_BLOCK_VECTORS; v++) column[v] = (__m512bh)_mm512_loadu_si512(b + v * 64);
#pragma clang loop unroll(full)
      for (int r = 0; r < rows; r++) {
        int32_t pair;
        memcpy(&pair, a + r * call->a_row + k * 2, 4);
        const __m512bh x = (__m512bh)_mm512_set1_epi32(pair);
#pragma clang loop unroll(full)
        for (int v = 0; v < NK_BLOCK_VECTORS; v++) sum[r][v] = _mm512_dpbf16_ps(sum[r][v], x, column[v]);
      }
    }
  }
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++)
#pragma clang loop unroll(full)
    for (int v = 0; v < NK_BLOCK_VECTORS; v++)
      _mm512_storeu_ps(call->out + r * call->out_row + first_column + v * 16, sum[r][v]);
}

NK_INLINE void store_prepared(prepared_bf16 *out, vf v, size_t n) {
  const __m256i h = (__m256i)_mm512_cvtneps_pbh((__m512)v);
  if (n == NK_WIDTH) _mm256_storeu_si256((__m256i *)out, h);
  else _mm256_mask_storeu_epi16(out, (__mmask16)((1u << n) - 1), h);
}
