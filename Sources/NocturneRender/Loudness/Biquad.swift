import Foundation

/// A second-order filter: y = b0 x + b1 x' + b2 x'' - a1 y' - a2 y''.
struct Biquad: Hashable, Sendable {
  var b0, b1, b2, a1, a2: Double

  /// The same analogue prototype at another sample rate.
  ///
  /// The bilinear transform z = (1 + s)/(1 - s) maps a frequency f to s = i tan(pi f / rate). Undoing it gives the
  /// prototype in s; its denominator c0 + c1 s + c2 s^2 turns at |s| = sqrt(c0/c2), which names the frequency that the
  /// transform must keep in place at the new rate.
  func retuned(from rate: Double, to newRate: Double) -> Biquad {
    let below = Biquad.analogue(1, a1, a2)
    let above = Biquad.analogue(b0, b1, b2)
    let corner = (below.0 / below.2).squareRoot()
    let stretch = corner / tan(atan(corner) * rate / newRate)
    let denominator = Biquad.digital(below, stretch)
    let numerator = Biquad.digital(above, stretch)
    let scale = denominator.0
    return Biquad(
      b0: numerator.0 / scale, b1: numerator.1 / scale, b2: numerator.2 / scale, a1: denominator.1 / scale,
      a2: denominator.2 / scale)
  }

  /// p0 + p1 z^-1 + p2 z^-2, times (1 + s)^2, as a polynomial in s.
  private static func analogue(_ p0: Double, _ p1: Double, _ p2: Double) -> (Double, Double, Double) {
    (p0 + p1 + p2, 2 * (p0 - p2), p0 - p1 + p2)
  }

  /// The inverse, after s has been multiplied by `stretch`; up to a factor common to both polynomials.
  private static func digital(_ c: (Double, Double, Double), _ stretch: Double) -> (Double, Double, Double) {
    let (c0, c1, c2) = (c.0, c.1 * stretch, c.2 * stretch * stretch)
    return (c0 + c1 + c2, 2 * (c0 - c2), c0 - c1 + c2)
  }

  /// |H(f)| at `rate`.
  func magnitude(at frequency: Double, rate: Double) -> Double {
    let w = 2 * Double.pi * frequency / rate
    let above = Biquad.square(b0, b1, b2, w)
    let below = Biquad.square(1, a1, a2, w)
    return (above / below).squareRoot()
  }

  private static func square(_ p0: Double, _ p1: Double, _ p2: Double, _ w: Double) -> Double {
    let real = p0 + p1 * cos(w) + p2 * cos(2 * w)
    let imaginary = p1 * sin(w) + p2 * sin(2 * w)
    return real * real + imaginary * imaginary
  }
}

/// A biquad on its way along a signal (transposed direct form II).
struct BiquadRun {
  let filter: Biquad
  private var first = 0.0
  private var second = 0.0

  init(_ filter: Biquad) { self.filter = filter }

  mutating func next(_ x: Double) -> Double {
    let y = filter.b0 * x + first
    first = filter.b1 * x - filter.a1 * y + second
    second = filter.b2 * x - filter.a2 * y
    return y
  }
}
