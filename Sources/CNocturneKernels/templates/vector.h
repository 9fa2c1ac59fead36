/* Vector types of NK_WIDTH floats and the few operations every kernel is written with. Included once by each level. */
#include <float.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "nocturne_kernels.h"

typedef float vf __attribute__((vector_size(NK_WIDTH * 4), may_alias));
typedef int32_t vi __attribute__((vector_size(NK_WIDTH * 4), may_alias));
typedef uint32_t vu __attribute__((vector_size(NK_WIDTH * 4), may_alias));
typedef int16_t vs __attribute__((vector_size(NK_WIDTH * 4), may_alias));
typedef uint16_t vh __attribute__((vector_size(NK_WIDTH * 2), may_alias));
typedef uint8_t vb __attribute__((vector_size(NK_WIDTH), may_alias));
typedef vf vf_unaligned __attribute__((aligned(4)));
typedef vi vi_unaligned __attribute__((aligned(4)));
typedef vu vu_unaligned __attribute__((aligned(4)));
typedef vh vh_unaligned __attribute__((aligned(2)));

#define NK_INLINE static inline __attribute__((always_inline, unused))

NK_INLINE vf load(const float *p) { return *(const vf_unaligned *)p; }
NK_INLINE void store(float *p, vf v) { *(vf_unaligned *)p = v; }
NK_INLINE vf splat(float x) { return x - (vf){0}; }
NK_INLINE vi splat_i(int32_t x) { return x - (vi){0}; }

/* n floats, zeros behind. With n the constant NK_WIDTH it is a plain load. */
NK_INLINE vf read(const float *p, size_t n) {
  if (n == NK_WIDTH) return load(p);
#if NK_WIDTH == 16
  return (vf)_mm512_maskz_loadu_ps((__mmask16)((1u << n) - 1), p);
#else
  vf v = {0};
  memcpy(&v, p, n * 4);
  return v;
#endif
}
/* n bf16 as floats, zeros behind. */
NK_INLINE vf read_bf16(const uint16_t *p, size_t n) {
  vh half = {0};
  memcpy(&half, p, n * 2);
  return (vf)(__builtin_convertvector(half, vu) << 16);
}

NK_INLINE void write(float *p, vf v, size_t n) {
  if (n == NK_WIDTH) {
    store(p, v);
    return;
  }
#if NK_WIDTH == 16
  _mm512_mask_storeu_ps(p, (__mmask16)((1u << n) - 1), (__m512)v);
#else
  memcpy(p, &v, n * 4);
#endif
}

NK_INLINE vf pick(vi mask, vf yes, vf no) { return (vf)(((vi)yes & mask) | ((vi)no & ~mask)); }
NK_INLINE vf larger(vf a, vf b) { return pick(a > b, a, b); }
NK_INLINE vf magnitude(vf a) { return (vf)((vi)a & 0x7fffffff); }
NK_INLINE vf with_sign(vf value, vf sign) { return (vf)(((vi)value & 0x7fffffff) | ((vi)sign & (int32_t)0x80000000)); }

/* The first n lanes of v, `rest` in the others. */
NK_INLINE vf keep(vf v, size_t n, float rest) {
  if (n == NK_WIDTH) return v;
  vi lane;
  for (int i = 0; i < NK_WIDTH; i++) lane[i] = i;
  return pick(lane < (int32_t)n, v, splat(rest));
}

/* Upper lanes onto lower ones, so that the order is the same for every call. */
#if NK_WIDTH == 16
#define NK_FOLD(v, OP)                                                                              \
  v = OP(v, __builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7));   \
  v = OP(v, __builtin_shufflevector(v, v, 4, 5, 6, 7, 0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 2, 3));         \
  v = OP(v, __builtin_shufflevector(v, v, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1));         \
  v = OP(v, __builtin_shufflevector(v, v, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0));
#elif NK_WIDTH == 8
#define NK_FOLD(v, OP)                                                   \
  v = OP(v, __builtin_shufflevector(v, v, 4, 5, 6, 7, 0, 1, 2, 3));      \
  v = OP(v, __builtin_shufflevector(v, v, 2, 3, 0, 1, 2, 3, 0, 1));      \
  v = OP(v, __builtin_shufflevector(v, v, 1, 0, 1, 0, 1, 0, 1, 0));
#else
#define NK_FOLD(v, OP)                                       \
  v = OP(v, __builtin_shufflevector(v, v, 2, 3, 0, 1));      \
  v = OP(v, __builtin_shufflevector(v, v, 1, 0, 1, 0));
#endif
NK_INLINE vf plus(vf a, vf b) { return a + b; }
NK_INLINE float sum_lanes(vf v) {
  NK_FOLD(v, plus)
  return v[0];
}
NK_INLINE float largest_lane(vf v) {
  NK_FOLD(v, larger)
  return v[0];
}

/* The body over `count` elements, i at each vector's start: whole vectors with n the constant NK_WIDTH, then once for
 * the n elements left. */
#define NK_EACH(count, i, n, ...)                             \
  do {                                                        \
    size_t i = 0;                                             \
    for (; i + NK_WIDTH <= (count); i += NK_WIDTH) {          \
      enum { n = NK_WIDTH };                                  \
      __VA_ARGS__                                             \
    }                                                         \
    if (i < (count)) {                                        \
      const size_t n = (count) - i;                           \
      __VA_ARGS__                                             \
    }                                                         \
  } while (0)

/* Lanes of two vectors one by one: a0 b0 a1 b1..., the lower and the upper half of them. */
#if NK_WIDTH == 16
#define NK_ZIP_LOW(a, b) \
  __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23)
#define NK_ZIP_HIGH(a, b) \
  __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31)
#elif NK_WIDTH == 8
#define NK_ZIP_LOW(a, b) __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11)
#define NK_ZIP_HIGH(a, b) __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15)
#else
#define NK_ZIP_LOW(a, b) __builtin_shufflevector(a, b, 0, 4, 1, 5)
#define NK_ZIP_HIGH(a, b) __builtin_shufflevector(a, b, 2, 6, 3, 7)
#endif
/* Of each four lanes the even, then the odd ones. */
#if NK_WIDTH == 16
#define NK_EVEN_ODD(v) __builtin_shufflevector(v, v, 0, 2, 1, 3, 4, 6, 5, 7, 8, 10, 9, 11, 12, 14, 13, 15)
#elif NK_WIDTH == 8
#define NK_EVEN_ODD(v) __builtin_shufflevector(v, v, 0, 2, 1, 3, 4, 6, 5, 7)
#else
#define NK_EVEN_ODD(v) __builtin_shufflevector(v, v, 0, 2, 1, 3)
#endif

/* NK_WIDTH rows of NK_WIDTH words -> the first `rows` rows of their transpose. Zipping row i with row i + half, once for
 * each bit of the width, turns rows into columns. */
NK_INLINE void transpose_words(const uint32_t *from, ptrdiff_t from_row, uint32_t *to, ptrdiff_t to_row, int rows) {
  vu a[NK_WIDTH], b[NK_WIDTH];
#pragma clang loop unroll(full)
  for (int i = 0; i < NK_WIDTH; i++) a[i] = *(const vu_unaligned *)(from + i * from_row);
#pragma clang loop unroll(full)
  for (int width = NK_WIDTH; width > 1; width /= 2) {
#pragma clang loop unroll(full)
    for (int i = 0; i < NK_WIDTH / 2; i++) {
      b[2 * i] = NK_ZIP_LOW(a[i], a[i + NK_WIDTH / 2]);
      b[2 * i + 1] = NK_ZIP_HIGH(a[i], a[i + NK_WIDTH / 2]);
    }
#pragma clang loop unroll(full)
    for (int i = 0; i < NK_WIDTH; i++) a[i] = b[i];
  }
#pragma clang loop unroll(full)
  for (int i = 0; i < NK_WIDTH; i++)
    if (i < rows) *(vu_unaligned *)(to + i * to_row) = a[i];
}

/* bf16 in the upper half of each lane, rounded to nearest even; a NaN stays one. */
NK_INLINE vu round_bf16(vf x) {
  const vu bits = (vu)x;
  const vu rounded = bits + 0x7fff + ((bits >> 16) & 1);
  const vi nan = x != x;
  return ((rounded & ~(vu)nan) | ((bits | 0x400000) & (vu)nan)) & 0xffff0000u;
}
