package import Foundation

/// SHA-256 (FIPS 180-4), so that the test kit needs no crypto package, and the shells' digests have a second opinion.
package enum SHA256Digest {
  /// Lower-case hexadecimal.
  package static func hexadecimal(of data: Data) -> String {
    var state: [UInt32] = [
      0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19,
    ]
    var message = [UInt8](data) + [0x80]
    while message.count % 64 != 56 { message.append(0) }
    let bits = UInt64(data.count) * 8
    for shift in stride(from: 56, through: 0, by: -8) {
      message.append(UInt8(truncatingIfNeeded: bits >> UInt64(shift)))
    }
    for start in stride(from: 0, to: message.count, by: 64) { absorb(message[start..<start + 64], into: &state) }
    return state.map { word in
      let digits = String(word, radix: 16)
      return String(repeating: "0", count: 8 - digits.count) + digits
    }.joined()
  }

  private static func absorb(_ block: ArraySlice<UInt8>, into state: inout [UInt32]) {
    var w = [UInt32](repeating: 0, count: 64)
    for i in 0..<16 {
      w[i] = block[block.startIndex + 4 * i..<block.startIndex + 4 * i + 4].reduce(0) { $0 << 8 | UInt32($1) }
    }
    for i in 16..<64 {
      let small0 = rotate(w[i - 15], 7) ^ rotate(w[i - 15], 18) ^ (w[i - 15] >> 3)
      let small1 = rotate(w[i - 2], 17) ^ rotate(w[i - 2], 19) ^ (w[i - 2] >> 10)
      w[i] = w[i - 16] &+ small0 &+ w[i - 7] &+ small1
    }
    var v = state
    for i in 0..<64 {
      let big1 = rotate(v[4], 6) ^ rotate(v[4], 11) ^ rotate(v[4], 25)
      let choice = (v[4] & v[5]) ^ (~v[4] & v[6])
      let first = v[7] &+ big1 &+ choice &+ roundConstants[i] &+ w[i]
      let big0 = rotate(v[0], 2) ^ rotate(v[0], 13) ^ rotate(v[0], 22)
      let majority = (v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2])
      v = [first &+ big0 &+ majority, v[0], v[1], v[2], v[3] &+ first, v[4], v[5], v[6]]
    }
    for i in 0..<8 { state[i] &+= v[i] }
  }

  private static func rotate(_ word: UInt32, _ count: UInt32) -> UInt32 { word >> count | word << (32 - count) }

  /// The first 32 bits of the fractional parts of the cube roots of the first 64 primes, by integer arithmetic.
  private static let roundConstants: [UInt32] = {
    var primes: [UInt64] = []
    var candidate: UInt64 = 2
    while primes.count < 64 {
      if !primes.contains(where: { candidate % $0 == 0 }) { primes.append(candidate) }
      candidate += 1
    }
    return primes.map { prime in
      // floor(cbrt(prime) * 2^32): the largest x with x^3 <= prime * 2^96.
      var root: UInt64 = 0
      for bit in stride(from: UInt64(35), through: 0, by: -1) {
        let trial = root | 1 << bit
        if cube(trial, isAtMost: prime) { root = trial }
        if bit == 0 { break }
      }
      return UInt32(truncatingIfNeeded: root)
    }
  }()

  private static func cube(_ x: UInt64, isAtMost prime: UInt64) -> Bool {
    // x < 2^36, so x^2 < 2^72 and x^3 < 2^108.
    let square = x.multipliedFullWidth(by: x)
    let low = square.low.multipliedFullWidth(by: x)
    let (high, overflow) = (square.high * x).addingReportingOverflow(low.high)
    precondition(!overflow)
    return (high, low.low) <= (prime << 32, 0)
  }
}
