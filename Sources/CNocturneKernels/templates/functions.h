/* Elementary functions on vectors, to about one unit in the last place of f32. */

/* exp(x + extra) = p 2^n with p near 1, |extra| small: it carries what x could not hold. */
NK_INLINE vf exponential_parts(vf x, vf extra, vi *n) {
  /* Adding 1.5 * 2^23 rounds to an integer in every vector set, without a rounding instruction. */
  const vf shifted = x * 1.44269504f + 12582912.0f;
  const vf whole = shifted - 12582912.0f;
  vf r = x - whole * 0.693359375f;
  r = r - whole * -2.12194440e-4f + extra;
  vf p = splat(1.9875691500e-4f);
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  *n = (vi)shifted - (vi)splat(12582912.0f);
  return p * (r * r) + r + 1.0f;
}

NK_INLINE vf exponential(vf x) {
  /* Above 89 it overflows, below -104 it vanishes; NaN passes both selections. */
  x = pick(x > 89.0f, splat(89.0f), x);
  x = pick(x < -104.0f, splat(-104.0f), x);
  vi n;
  const vf p = exponential_parts(x, splat(0.0f), &n);
  /* 2^n in two factors, each of which is a normal number even where the result is none. */
  const vi half = n >> 1;
  return p * (vf)((half + 127) << 23) * (vf)((n - half + 127) << 23);
}

/* exp(x + extra) for -87 <= x <= 88.7, with one factor 2^(n - 1) and a doubling. */
NK_INLINE vf bounded_exponential(vf x, vf extra) {
  vi n;
  const vf p = exponential_parts(x, extra, &n);
  return (p + p) * (vf)((n + 126) << 23);
}

/* x within +-bound; NaN stays. */
NK_INLINE vf bounded(vf x, float bound) {
  x = pick(x > bound, splat(bound), x);
  return pick(x < -bound, splat(-bound), x);
}

/* 1 + exp(-x), whose reciprocal is the sigmoid; finite, with a reciprocal that rounds or flushes to the right value. */
NK_INLINE vf sigmoid_divisor(vf x) {
  x = pick(x > 87.0f, splat(87.0f), x);
  x = pick(x < -88.7f, splat(-88.7f), x);
  return 1.0f + bounded_exponential(-x, splat(0.0f));
}
NK_INLINE vf sigmoid(vf x) { return 1.0f / sigmoid_divisor(x); }
NK_INLINE vf silu(vf x) { return pick(x < -88.7f, splat(0.0f), x / sigmoid_divisor(x)); }

NK_INLINE vf hyperbolic_tangent(vf x) {
  const vf a = magnitude(x);
  /* Near zero the quotient cancels; a short odd series does not. */
  const vf z = x * x;
  vf p = splat(-5.70498872745e-3f);
  p = p * z + 2.06390887954e-2f;
  p = p * z + -5.37397155531e-2f;
  p = p * z + 1.33314422036e-1f;
  p = p * z + -3.33332819422e-1f;
  const vf near = x + x * (z * p);
  const vf e = bounded_exponential(bounded(a + a, 80.0f), splat(0.0f));
  const vf far = with_sign(1.0f - 2.0f / (e + 1.0f), x);
  return pick(a < 0.625f, near, pick(x != x, x, far));
}

/* x/2 (1 + erf(x / sqrt 2)) through the upper tail Q(|x|) = erfc(|x| / sqrt 2) / 2, so that the left side keeps its
 * relative accuracy: erfc(z) = exp(-z^2) t P(t), t = 1 / (1 + 0.38 z), P fitted to 2e-8 relative on [0, 11]. */
NK_INLINE vf gelu(vf x) {
  /* Beyond 13 the tail is below the smallest normal number. */
  vf near = magnitude(x);
  near = pick(near > 13.0f, splat(13.0f), near);
  const vf t = 1.0f / (1.0f + (0.38f * 0.707106781f) * near);
  vf p = splat(0.05904172360897064f);
  p = p * t + -0.2626592814922333f;
  p = p * t + 0.36467644572257996f;
  p = p * t + -0.16243571043014526f;
  p = p * t + 0.2307349443435669f;
  p = p * t + 0.1383301466703415f;
  p = p * t + 0.20399369299411774f;
  p = p * t + 0.21390627324581146f;
  p = p * t + 0.21441179513931274f;
  /* x^2 / 2 as an exact square and a remainder: a rounded square would cost 40 units at x = -9. */
  const vf high = (vf)((vi)near & (int32_t)0xfffff000);
  const vf remainder = (near - high) * (near + high) * -0.5f;
  const vf tail = 0.5f * p * t * bounded_exponential(high * high * -0.5f, remainder);
  const vf other = x * tail;
  return pick(x < 0.0f, other, x - other);
}

NK_INLINE vf leaky(vf x, float slope) { return pick(x > 0.0f, x, x * slope); }
