/* Attention of one head: keys and values packed as panels once for all query rows that read them, then block_rows
 * queries at a time with their scores in the first-level cache; no matrix of scores is ever written to memory. */

/* rotary: cosines of the head_dim/2 planes, then their sines (model.md 7.2, planes (j, j + head_dim/2)). */
NK_INLINE void rotate_head(const float *x, const float *rotary, float *out, size_t head_dim) {
  const size_t half = head_dim / 2;
  const float *cosine = rotary, *sine = rotary + half;
  NK_EACH(half, j, n, {
    const vf a = read(x + j, n), b = read(x + half + j, n), c = read(cosine + j, n), s = read(sine + j, n);
    write(out + j, a * c - b * s, n);
    write(out + half + j, b * c + a * s, n);
  });
}

static void rotate(const float *x, const float *rotary, float *out, int heads, int head_dim) {
  for (int h = 0; h < heads; h++) rotate_head(x + h * head_dim, rotary, out + h * head_dim, (size_t)head_dim);
}

typedef struct {
  char *keys, *values;   /* panels */
  char *query;           /* prepared block of queries, `query_row` elements apart */
  char *weights;         /* prepared softmax weights */
  float *scores;         /* [NK_BLOCK_ROWS, score_row] */
  float *head;           /* NK_WIDTH prepared rows of keys, and one rotated head */
  float *sums;           /* raw result of a block, [NK_BLOCK_ROWS, sum_row] */
  ptrdiff_t query_row, score_row, sum_row;
  size_t key_panel, value_panel; /* bytes */
  int head_depth, key_depth;
} attention_scratch;

NK_INLINE attention_scratch plan_attention(const nk_attention *at, const bool bf16) {
  const int cell = bf16 ? (int)sizeof(prepared_bf16) : 4;
  const size_t packed = bf16 ? 2 : 4;
  attention_scratch s;
  s.head_depth = rounded_up(at->head_dim, 2);
  s.key_depth = rounded_up(at->key_count, 2);
  s.query_row = rounded_up(s.head_depth, 32);
  s.score_row = rounded_up(at->key_count, NK_PANEL);
  s.sum_row = rounded_up(at->head_dim, NK_PANEL);
  s.key_panel = (size_t)s.head_depth * NK_PANEL * packed;
  s.value_panel = (size_t)s.key_depth * NK_PANEL * packed;
  const size_t keys = s.key_panel * (size_t)(s.score_row / NK_PANEL);
  const size_t values = s.value_panel * (size_t)(s.sum_row / NK_PANEL);
  const size_t query = (size_t)(NK_BLOCK_ROWS * s.query_row * cell);
  const size_t weights = (size_t)(NK_BLOCK_ROWS * s.score_row * cell);
  const size_t scores = (size_t)(NK_BLOCK_ROWS * s.score_row) * 4;
  const size_t sums = (size_t)(NK_BLOCK_ROWS * s.sum_row) * 4;
  const size_t head = (size_t)((NK_WIDTH + 1) * s.query_row) * 4;
  char *base = nk_scratch(NK_SCRATCH_KEYS, keys + values + query + weights + scores + sums + head);
  s.keys = base;
  s.values = s.keys + keys;
  s.query = s.values + values;
  s.weights = s.query + query;
  s.scores = (float *)(s.weights + weights);
  s.sums = (float *)((char *)s.scores + scores);
  s.head = (float *)((char *)s.sums + sums);
  return s;
}

/* Rows of heads lie a whole model's width apart, too far for the hardware to foresee. */
NK_INLINE void foresee(const float *row, int head_dim) {
  for (int i = 0; i < head_dim; i += 16) __builtin_prefetch(row + i);
}

/* Keys transposed into panels of 32: element (depth i, key j), or a pair of the depth as one word. */
NK_INLINE void pack_keys(const nk_attention *at, const attention_scratch *s, const bool bf16) {
  const size_t head_dim = (size_t)at->head_dim, width = (size_t)s->query_row;
  const int words = bf16 ? s->head_depth / 2 : s->head_depth;
  uint32_t *rows = (uint32_t *)s->head;
  const ptrdiff_t row = bf16 ? s->query_row / 2 : s->query_row;
  float *rotated = s->head + NK_WIDTH * s->query_row;
  memset(rotated, 0, width * 4);
  for (int first = 0; first < (int)s->score_row; first += NK_WIDTH) {
    for (int j = first; j < first + NK_WIDTH; j++) {
      uint32_t *to = rows + (j - first) * row;
      if (j >= at->key_count) {
        memset(to, 0, (size_t)row * 4);
        continue;
      }
      const float *key = at->keys + j * at->key_row;
      if (j + 4 < at->key_count) foresee(key + 4 * at->key_row, at->head_dim);
      if (at->key_rotary) rotate_head(key, at->key_rotary + (ptrdiff_t)j * at->head_dim, rotated, head_dim);
      else memcpy(rotated, key, head_dim * 4);
      if (bf16) to_bf16(rotated, (uint16_t *)to, width);
      else memcpy(to, rotated, width * 4);
    }
    uint32_t *panel = (uint32_t *)(s->keys + (size_t)(first / NK_PANEL) * s->key_panel) + first % NK_PANEL;
    for (int i = 0; i < words; i += NK_WIDTH)
      transpose_words(rows + i, row, panel + i * NK_PANEL, NK_PANEL, words - i);
  }
}

/* Values keep their order: element (key j, channel c), or keys j and j + 1 as one word. */
NK_INLINE void pack_values(const nk_attention *at, const attention_scratch *s, const bool bf16) {
  const size_t head_dim = (size_t)at->head_dim;
  for (int j = 0; j < s->key_depth; j += bf16 ? 2 : 1) {
    const float *row = at->values + j * at->value_row, *next = row + at->value_row;
    if (j + 5 < at->key_count) {
      foresee(row + 4 * at->value_row, at->head_dim);
      if (bf16) foresee(row + 5 * at->value_row, at->head_dim);
    }
    NK_EACH(head_dim, c, n, {
      char *panel = s->values + (c / NK_PANEL) * s->value_panel;
      const vf low = j < at->key_count ? read(row + c, n) : (vf){0};
      if (bf16) {
        const vf high = j + 1 < at->key_count ? read(next + c, n) : (vf){0};
        *(vu_unaligned *)((uint32_t *)panel + j / 2 * NK_PANEL + c % NK_PANEL) =
            (round_bf16(low) >> 16) | round_bf16(high);
      } else {
        store((float *)panel + j * NK_PANEL + c % NK_PANEL, low);
      }
    });
  }
}

/* Products of one row with the keys it sees -> exp(scale (product - top)), zero behind; returns 1 / their sum. */
NK_INLINE float weigh(float *score, float scale, int seen, int behind) {
  const float sum = exponentials(score, scale, score, (size_t)seen);
  memset(score + seen, 0, (size_t)(behind - seen) * 4);
  return 1.0f / sum;
}

NK_INLINE int keys_seen(const nk_attention *at, int query) {
  if (!at->causal) return at->key_count;
  const int seen = at->causal_offset + query + 1;
  return seen < at->key_count ? seen : at->key_count;
}

NK_INLINE void attend_block(const nk_attention *at, const attention_scratch *s, const float *queries, float *out,
                            int first, int rows, const bool bf16) {
  const ptrdiff_t cell = bf16 ? (ptrdiff_t)sizeof(prepared_bf16) : 4;
  for (int r = 0; r < rows; r++) {
    const float *query = queries + (first + r) * at->query_row;
    if (at->query_rotary) {
      rotate_head(query, at->query_rotary + (ptrdiff_t)(first + r) * at->head_dim, s->head, (size_t)at->head_dim);
      query = s->head;
    }
    char *to = s->query + r * s->query_row * cell;
    if (bf16) prepare_bf16(query, 0, 1, at->head_dim, s->head_depth, 1.0f, to, 0);
    else prepare_f32(query, 0, 1, at->head_dim, s->head_depth, 1.0f, to, 0);
  }
  const int most = keys_seen(at, first + rows - 1);
  const int depth = rounded_up(most, 2);
  /* Nothing is asked for ahead: a head's keys and values were packed a moment ago. */
  block_call call = {.a = s->query, .a_row = s->query_row * cell, .out_row = s->score_row, .taps = 1,
                     .depth = s->head_depth};
  for (int j = 0; j < most; j += NK_PANEL) {
    call.panel = s->keys + (size_t)(j / NK_PANEL) * s->key_panel;
    call.next = call.panel;
    call.out = s->scores + j;
    call.columns = most - j < NK_PANEL ? most - j : NK_PANEL;
    if (bf16) run_block_bf16(&call, rows);
    else run_block_f32(&call, rows);
  }
  float factor[NK_BLOCK_ROWS];
  for (int r = 0; r < rows; r++) {
    float *score = s->scores + r * s->score_row;
    factor[r] = weigh(score, at->scale, keys_seen(at, first + r), (int)s->score_row);
    if (bf16) prepare_bf16(score, 0, 1, depth, depth, 1.0f, s->weights + r * s->score_row * cell, 0);
  }
  call = (block_call){.a = bf16 ? s->weights : (char *)s->scores, .a_row = s->score_row * cell,
                      .out_row = s->sum_row, .taps = 1, .depth = depth};
  for (int c = 0; c < at->head_dim; c += NK_PANEL) {
    call.panel = s->values + (size_t)(c / NK_PANEL) * s->value_panel;
    call.next = call.panel;
    call.out = s->sums + c;
    call.columns = at->head_dim - c < NK_PANEL ? at->head_dim - c : NK_PANEL;
    if (bf16) run_block_bf16(&call, rows);
    else run_block_f32(&call, rows);
  }
  for (int r = 0; r < rows; r++) {
    const float *sum = s->sums + r * s->sum_row;
    float *to = out + (first + r) * at->out_row;
    NK_EACH((size_t)at->head_dim, c, n, write(to + c, read(sum + c, n) * factor[r], n););
  }
}

/* Rows of one of a cache's two halves: floats, or bf16 where `narrow`. */
typedef struct {
  const char *first;
  ptrdiff_t row; /* bytes */
} past;

NK_INLINE vf read_past(const char *row, size_t i, size_t n, const bool narrow) {
  return narrow ? read_bf16((const uint16_t *)row + i, n) : read((const float *)row + i, n);
}

NK_INLINE void foresee_past(const char *row, size_t width, const bool narrow) {
  for (size_t i = 0; i < width * (narrow ? 2 : 4); i += 64) __builtin_prefetch(row + i);
}

/* sum[c] += weight * value over `count` keys, NK_WIDTH * vectors channels from `c` on in registers. */
NK_INLINE void add_values(const float *weight, const char *value, ptrdiff_t row, int count, float *sum, size_t c,
                          size_t n, const int vectors, const bool narrow) {
  vf total[4];
#pragma clang loop unroll(full)
  for (int v = 0; v < vectors; v++) total[v] = read(sum + c + v * NK_WIDTH, n);
  for (int j = 0; j < count; j++, value += row)
#pragma clang loop unroll(full)
    for (int v = 0; v < vectors; v++) total[v] += weight[j] * read_past(value, c + v * NK_WIDTH, n, narrow);
#pragma clang loop unroll(full)
  for (int v = 0; v < vectors; v++) write(sum + c + v * NK_WIDTH, total[v], n);
}

/* `value`: the first of d channels. */
NK_INLINE void add_head_values(const float *weight, const char *value, ptrdiff_t row, int count, float *sum, size_t d,
                               const bool narrow) {
  size_t c = 0;
  for (; c + 4 * NK_WIDTH <= d; c += 4 * NK_WIDTH) add_values(weight, value, row, count, sum, c, NK_WIDTH, 4, narrow);
  for (; c + NK_WIDTH <= d; c += NK_WIDTH) add_values(weight, value, row, count, sum, c, NK_WIDTH, 1, narrow);
  if (c < d) add_values(weight, value, row, count, sum, c, d - c, 1, narrow);
}

/* One query of every head against keys that lie as they are: nothing is packed for a single use, and memory is read
 * once, row after row, whatever the number of heads. */
NK_INLINE void attend_one(const nk_attention *at, const float *queries, float *out, const bool narrow) {
  enum { BLOCK_FLOATS = 4096 }; /* values that wait in the first cache for all heads */
  const ptrdiff_t cell = narrow ? 2 : 4;
  const past keys = {narrow ? (const char *)at->narrow_keys : (const char *)at->keys, at->key_row * cell};
  const past values = {narrow ? (const char *)at->narrow_values : (const char *)at->values, at->value_row * cell};
  const size_t d = (size_t)at->head_dim, width = d * (size_t)at->heads;
  const int seen = keys_seen(at, 0);
  float *query = nk_scratch(NK_SCRATCH_KEYS, (2 * width + (size_t)(at->heads * (seen + 1))) * 4);
  float *sum = query + width, *factor = sum + width, *scores = factor + at->heads;
  if (at->query_rotary) rotate(queries, at->query_rotary, query, at->heads, at->head_dim);
  else memcpy(query, queries, width * 4);
  memset(sum, 0, width * 4);
  for (int j = 0; j < seen; j++) {
    const char *key = keys.first + j * keys.row;
    if (j + 4 < seen) foresee_past(key + 4 * keys.row, width, narrow);
    for (size_t h = 0; h < (size_t)at->heads; h++) {
      vf dot = {0};
      NK_EACH(d, i, n, dot += read(query + h * d + i, n) * read_past(key, h * d + i, n, narrow););
      scores[(ptrdiff_t)h * seen + j] = sum_lanes(dot);
    }
  }
  for (int h = 0; h < at->heads; h++) factor[h] = weigh(scores + h * seen, at->scale, seen, seen);
  const int block = width < BLOCK_FLOATS ? (int)(BLOCK_FLOATS / width) : 1;
  for (int first = 0; first < seen; first += block) {
    const int count = seen - first < block ? seen - first : block;
    const char *value = values.first + first * values.row;
    for (int j = first + block; j < first + 2 * block && j < seen; j++)
      foresee_past(values.first + j * values.row, width, narrow);
    for (int h = 0; h < at->heads; h++)
      add_head_values(scores + h * seen + first, value + (ptrdiff_t)(h * d) * cell, values.row, count,
                      sum + (size_t)h * d, d, narrow);
  }
  for (size_t h = 0; h < (size_t)at->heads; h++)
    NK_EACH(d, c, n, write(out + h * d + c, read(sum + h * d + c, n) * factor[h], n););
}

NK_INLINE void run_attention(const nk_attention *at, const bool bf16) {
  if (at->query_count == 1 && !at->key_rotary) {
    for (int b = 0; b < at->batches; b++) {
      const float *queries = at->queries + b * at->query_batch;
      float *out = at->out + b * at->out_batch;
      if (at->narrow_keys) attend_one(at, queries, out, true);
      else attend_one(at, queries, out, false);
    }
    return;
  }
  const attention_scratch s = plan_attention(at, bf16);
  pack_keys(at, &s, bf16);
  pack_values(at, &s, bf16);
  for (int b = 0; b < at->batches; b++)
    for (int first = 0; first < at->query_count; first += NK_BLOCK_ROWS) {
      const int left = at->query_count - first;
      attend_block(at, &s, at->queries + b * at->query_batch, at->out + b * at->out_batch, first,
                   left < NK_BLOCK_ROWS ? left : NK_BLOCK_ROWS, bf16);
    }
}

static void attention_f32(const nk_attention *at) { run_attention(at, false); }
#ifdef NK_BF16_PRODUCTS
static void attention_bf16(const nk_attention *at) { run_attention(at, true); }
#else
/* Rounding without a bf16 product would cost accuracy and win nothing. */
static void attention_bf16(const nk_attention *at) { run_attention(at, false); }
#endif
