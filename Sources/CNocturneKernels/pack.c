/* Weights into panels, once, at loading. */
#include <math.h>
#include <string.h>

#include "nocturne_kernels.h"

/* Weights of one output a tap. */
typedef struct {
  const float *w;
  ptrdiff_t step;
  int count;
} weight_row;

static int group(nk_number number) { return number == NK_INT8 ? 4 : number == NK_BF16 ? 2 : 1; }

int nk_packed_depth(int inputs, nk_number number) {
  const int n = group(number);
  return (inputs + n - 1) / n * n;
}

size_t nk_panel_bytes(int taps, int inputs, nk_number number) {
  const size_t cells = (size_t)taps * (size_t)nk_packed_depth(inputs, number) * NK_PANEL;
  return number == NK_INT8 ? cells + NK_PANEL * 8 : cells * (number == NK_BF16 ? 2 : 4);
}

static uint16_t bf16_of(float x) {
  uint32_t bits;
  memcpy(&bits, &x, 4);
  if (x != x) return (uint16_t)(bits >> 16 | 0x40);
  return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

static void pack_f32(weight_row row, float *to) {
  for (int k = 0; k < row.count; k++) to[k * NK_PANEL] = row.w[k * row.step];
}

static void pack_bf16(weight_row row, uint16_t *to) {
  for (int k = 0; k < row.count; k++) to[(k >> 1) * (NK_PANEL * 2) + (k & 1)] = bf16_of(row.w[k * row.step]);
}

/* Loading refuses weights that are not finite, so the largest is a number. */
static void pack_int8(weight_row row, int8_t *to, float *scale, int32_t *correction) {
  float top = 0;
  for (int k = 0; k < row.count; k++) top = fmaxf(top, fabsf(row.w[k * row.step]));
  *scale = top / 127.0f;
  int32_t sum = 0;
  for (int k = 0; k < row.count; k++) {
    const int rounded = *scale > 0 ? (int)rintf(row.w[k * row.step] / *scale) : 0;
    const int8_t q = (int8_t)(rounded > 127 ? 127 : rounded < -127 ? -127 : rounded);
    to[(k >> 2) * (NK_PANEL * 4) + (k & 3)] = q;
    sum += q;
  }
  *correction = -128 * sum;
}

void nk_pack(const nk_weight *weight, nk_number number, int p, void *panels) {
  const int depth = nk_packed_depth(weight->inputs, number);
  const size_t panel_bytes = nk_panel_bytes(weight->taps, weight->inputs, number);
  char *panel = (char *)panels + (size_t)p * panel_bytes;
  /* Missing columns and depth are zero; where none are missing, every element is written below. */
  if ((p + 1) * NK_PANEL > weight->outputs || depth != weight->inputs) memset(panel, 0, panel_bytes);
  float *scales = (float *)(panel + panel_bytes - NK_PANEL * 8);
  int32_t *corrections = (int32_t *)scales + NK_PANEL;
  for (int t = 0; t < weight->taps; t++)
    for (int c = 0; c < NK_PANEL && p * NK_PANEL + c < weight->outputs; c++) {
      const weight_row row = {
          weight->w + (p * NK_PANEL + c) * weight->output_step + t * weight->tap_step, weight->input_step,
          weight->inputs};
      const ptrdiff_t tap = (ptrdiff_t)t * depth * NK_PANEL;
      switch (number) {
        case NK_F32: pack_f32(row, (float *)panel + tap + c); break;
        case NK_BF16: pack_bf16(row, (uint16_t *)panel + tap + c * 2); break;
        case NK_INT8: pack_int8(row, (int8_t *)panel + c * 4, scales + c, corrections + c); break;
        case NK_NUMBERS: break;
      }
    }
}
