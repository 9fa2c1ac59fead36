/* Element-wise operations and conversions over contiguous runs. */

#define NK_UNARY(CASE, EXPRESSION)                \
  case CASE:                                      \
    NK_EACH(count, i, n, {                        \
      const vf v = read(x + i, n);                \
      write(out + i, (EXPRESSION), n);            \
    });                                           \
    return;

static void unary(nk_unary op, float p, float q, const float *x, float *out, size_t count) {
  switch (op) {
    NK_UNARY(NK_NEGATE, -v)
    NK_UNARY(NK_SQUARE, v * v)
    NK_UNARY(NK_SQUARE_ROOT, __builtin_elementwise_sqrt(v))
    NK_UNARY(NK_EXPONENTIAL, exponential(v))
    NK_UNARY(NK_TANH_OP, hyperbolic_tangent(v))
    NK_UNARY(NK_SIGMOID, sigmoid(v))
    NK_UNARY(NK_GELU_OP, gelu(v))
    NK_UNARY(NK_SILU_OP, silu(v))
    NK_UNARY(NK_LEAKY, leaky(v, p))
    NK_UNARY(NK_AFFINE, v * p + q)
    /* What is not a number stays none. */
    NK_UNARY(NK_CLAMP, pick(v < p, splat(p), pick(v > q, splat(q), v)))
  }
}

/* A scalar operand is spread over the lanes. */
NK_INLINE vf operand(const float *x, int step, size_t i, size_t n) {
  return step ? read(x + i, n) : splat(x[0]);
}

#define NK_BINARY(CASE, EXPRESSION)                                               \
  case CASE:                                                                      \
    NK_EACH(count, i, n, {                                                        \
      const vf v = operand(x, x_step, i, n), w = operand(y, y_step, i, n);        \
      write(out + i, (EXPRESSION), n);                                            \
    });                                                                           \
    return;

static void binary(nk_binary op, const float *x, int x_step, const float *y, int y_step, float *out, size_t count) {
  switch (op) {
    NK_BINARY(NK_ADD, v + w)
    NK_BINARY(NK_SUBTRACT, v - w)
    NK_BINARY(NK_MULTIPLY, v * w)
    NK_BINARY(NK_DIVIDE, v / w)
  }
}

static void gated_silu(const float *gate, const float *up, float *out, size_t count) {
  NK_EACH(count, i, n, write(out + i, silu(read(gate + i, n)) * read(up + i, n), n););
}

static void to_bf16(const float *x, uint16_t *out, size_t count) {
  NK_EACH(count, i, n, {
    const vh half = __builtin_convertvector(round_bf16(read(x + i, n)) >> 16, vh);
    memcpy(out + i, &half, n * 2);
  });
}

static void from_bf16(const uint16_t *x, float *out, size_t count) {
  NK_EACH(count, i, n, write(out + i, read_bf16(x + i, n), n););
}
