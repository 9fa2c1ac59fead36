/* SRU scan (model.md 7.1), one direction of one row. The steps depend on one another, the units do not: four vectors of
 * units walk through all steps together, so that one's latency hides behind the others. */

NK_INLINE void scan_units(const nk_scan *s, int unit, const size_t n, const int vectors) {
  vf state[4], cell_forget[4], cell_reset[4], bias_forget[4], bias_reset[4];
#pragma clang loop unroll(full)
  for (int v = 0; v < vectors; v++) {
    const int at = unit + v * NK_WIDTH;
    state[v] = splat(0.0f);
    cell_forget[v] = read(s->cell_forget + at, n);
    cell_reset[v] = read(s->cell_reset + at, n);
    bias_forget[v] = read(s->bias_forget + at, n);
    bias_reset[v] = read(s->bias_reset + at, n);
  }
  for (int i = 0; i < s->steps; i++) {
    const int step = s->backward ? s->steps - 1 - i : i;
    const float *projected = s->projected + step * s->projected_step + unit;
    const float *input = s->input + step * s->input_step + unit;
    float *out = s->out + step * s->out_step + unit;
#pragma clang loop unroll(full)
    for (int v = 0; v < vectors; v++) {
      const int at = v * NK_WIDTH;
      const vf candidate = read(projected + at, n);
      const vf forget =
          sigmoid(read(projected + s->units + at, n) + cell_forget[v] * state[v] + bias_forget[v]);
      const vf reset =
          sigmoid(read(projected + 2 * s->units + at, n) + cell_reset[v] * state[v] + bias_reset[v]);
      const vf skip = read(input + at, n) * s->skip_scale;
      state[v] = forget * state[v] + (1.0f - forget) * candidate;
      const vf h = reset * state[v] + (1.0f - reset) * skip;
      write(out + at, h, n);
    }
  }
}

static void scan(const nk_scan *s) {
  int unit = 0;
  for (; unit + 4 * NK_WIDTH <= s->units; unit += 4 * NK_WIDTH) scan_units(s, unit, NK_WIDTH, 4);
  for (; unit + NK_WIDTH <= s->units; unit += NK_WIDTH) scan_units(s, unit, NK_WIDTH, 1);
  if (unit < s->units) scan_units(s, unit, (size_t)(s->units - unit), 1);
}
