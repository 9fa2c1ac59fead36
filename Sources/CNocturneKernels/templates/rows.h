/* Reductions, softmax and norms: each row by itself, in one fixed order. */

NK_INLINE float largest(const float *x, size_t count) {
  vf top = splat(-INFINITY);
  NK_EACH(count, i, n, top = larger(keep(read(x + i, n), n, -INFINITY), top););
  return largest_lane(top);
}

static void reduce_inner(nk_reduce op, const float *x, size_t extent, float *out) {
  if (op == NK_MAXIMUM) {
    *out = largest(x, extent);
  } else {
    vf sum = {0};
    NK_EACH(extent, i, n, sum += read(x + i, n););
    *out = op == NK_MEAN ? sum_lanes(sum) / (float)extent : sum_lanes(sum);
  }
}

static void reduce(nk_reduce op, const float *x, size_t extent, size_t inner, float *out) {
  if (inner == 1) {
    reduce_inner(op, x, extent, out);
    return;
  }
  for (size_t d = 0; d < inner; d++) {
    float top = x[d];
    for (size_t i = 1; i < extent; i++) top = x[i * inner + d] > top ? x[i * inner + d] : top;
    out[d] = top;
  }
}

static void sum_rows(const float *x, ptrdiff_t step, size_t count, float factor, float *out, size_t width) {
  NK_EACH(width, d, n, {
    vf sum = {0};
    for (size_t i = 0; i < count; i++) sum += read(x + (ptrdiff_t)i * step + d, n);
    write(out + d, sum * factor, n);
  });
}

/* exp(scale (x - its maximum)) -> out, which may be x; returns the sum. */
NK_INLINE float exponentials(const float *x, float scale, float *out, size_t width) {
  const float top = largest(x, width);
  vf sum = {0};
  NK_EACH(width, i, n, {
    const vf e = exponential((read(x + i, n) - top) * scale);
    write(out + i, e, n);
    sum += keep(e, n, 0.0f);
  });
  return sum_lanes(sum);
}

static void softmax(const float *x, float *out, size_t rows, size_t width) {
  for (size_t r = 0; r < rows; r++, x += width, out += width) {
    const float factor = 1.0f / exponentials(x, 1.0f, out, width);
    NK_EACH(width, i, n, write(out + i, read(out + i, n) * factor, n););
  }
}

/* Where squares overflow, the row is not a number: by the root's reciprocal it would be zeros, which look sound. */
NK_INLINE float inverse_root(float mean_square, float epsilon) {
  return mean_square <= FLT_MAX ? 1.0f / sqrtf(mean_square + epsilon) : NAN;
}

/* Root mean square of x + y and its weighting; a sum is kept in `out`, which saves reading x and y twice. */
static void rms_norm(const float *x, const float *y, const float *weight, float epsilon, float *out, size_t rows,
                     size_t width) {
  for (size_t r = 0; r < rows; r++, x += width, out += width) {
    const float *v = x;
    vf squares = {0};
    if (y) {
      NK_EACH(width, i, n, {
        const vf s = read(x + i, n) + read(y + i, n);
        write(out + i, s, n);
        squares += s * s;
      });
      v = out;
      y += width;
    } else {
      NK_EACH(width, i, n, {
        const vf s = read(x + i, n);
        squares += s * s;
      });
    }
    const float factor = inverse_root(sum_lanes(squares) / (float)width, epsilon);
    NK_EACH(width, i, n, write(out + i, read(v + i, n) * factor * read(weight + i, n), n););
  }
}

static void layer_norm(const float *x, const float *y, const float *weight, const float *bias, float epsilon,
                       float *out, size_t rows, size_t width) {
  for (size_t r = 0; r < rows; r++, x += width, out += width) {
    vf sum = {0};
    NK_EACH(width, i, n, {
      const vf s = y ? read(x + i, n) + read(y + i, n) : read(x + i, n);
      write(out + i, s, n);
      sum += s;
    });
    const float mean = sum_lanes(sum) / (float)width;
    vf squares = {0};
    NK_EACH(width, i, n, {
      const vf d = keep(read(out + i, n) - mean, n, 0.0f);
      squares += d * d;
    });
    const float factor = inverse_root(sum_lanes(squares) / (float)width, epsilon);
    NK_EACH(width, i, n, {
      const vf d = (read(out + i, n) - mean) * factor;
      write(out + i, d * read(weight + i, n) + read(bias + i, n), n);
    });
    if (y) y += width;
  }
}

static void modulate(const float *x, const float *scale, const float *shift, float *out, size_t rows, size_t width) {
  for (size_t r = 0; r < rows; r++, x += width, out += width)
    NK_EACH(width, i, n, write(out + i, read(x + i, n) * read(scale + i, n) + read(shift + i, n), n););
}
