/* Weights into panels, once, at loading. */
#include <string.h>

#include "nocturne_kernels.h"

int nk_packed_depth(int inputs, bool bf16) { return bf16 ? (inputs + 1) / 2 * 2 : inputs; }

size_t nk_panel_bytes(int taps, int inputs, bool bf16) {
  return (size_t)taps * (size_t)nk_packed_depth(inputs, bf16) * NK_PANEL * (bf16 ? 2 : 4);
}

static uint16_t bf16_of(float x) {
  uint32_t bits;
  memcpy(&bits, &x, 4);
  if (x != x) return (uint16_t)(bits >> 16 | 0x40);
  return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

void nk_pack(const nk_weight *weight, bool bf16, int first, int count, void *panels) {
  const int depth = nk_packed_depth(weight->inputs, bf16);
  const size_t panel_bytes = nk_panel_bytes(weight->taps, weight->inputs, bf16);
  for (int p = first; p < first + count; p++) {
    char *panel = (char *)panels + (size_t)p * panel_bytes;
    /* Missing columns and depth are zero; where none are missing, every element is written below. */
    if ((p + 1) * NK_PANEL > weight->outputs || depth != weight->inputs) memset(panel, 0, panel_bytes);
    for (int t = 0; t < weight->taps; t++)
      for (int c = 0; c < NK_PANEL && p * NK_PANEL + c < weight->outputs; c++) {
        const float *from = weight->w + (p * NK_PANEL + c) * weight->output_step + t * weight->tap_step;
        if (bf16) {
          uint16_t *to = (uint16_t *)panel + (ptrdiff_t)t * depth * NK_PANEL + c * 2;
          for (int k = 0; k < weight->inputs; k++)
            to[(k >> 1) * (NK_PANEL * 2) + (k & 1)] = bf16_of(from[k * weight->input_step]);
        } else {
          float *to = (float *)panel + (ptrdiff_t)t * depth * NK_PANEL + c;
          for (int k = 0; k < weight->inputs; k++) to[k * NK_PANEL] = from[k * weight->input_step];
        }
      }
  }
}
