import NocturneFarm

/// Damage that knows nothing of what the bytes mean, but for the numbers that hurt.
enum ByteMutation {
  /// Lengths, counts and offsets at the edges of everything.
  static let numbers: [UInt64] = [
    0, 1, 2, 7, 8, 127, 128, 255, 256, 32_767, 32_768, 65_535, 65_536, 1 << 20, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF,
    1 << 32, 1 << 53, .max >> 1, 1 << 63, .max - 7, .max,
  ]

  static func apply(_ bytes: inout [UInt8], _ random: inout SeededGenerator) {
    switch Int.random(in: 0..<7, using: &random) {
    case 0 where !bytes.isEmpty:
      bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
    case 1 where !bytes.isEmpty:
      bytes[Int.random(in: 0..<bytes.count, using: &random)] ^= 1 << UInt8.random(in: 0..<8, using: &random)
    case 2: bytes.removeSubrange(range(in: bytes, upTo: 64, &random))
    case 3:
      let piece = Array(bytes[range(in: bytes, upTo: 64, &random)])
      bytes.insert(contentsOf: piece, at: Int.random(in: 0...bytes.count, using: &random))
    case 4: bytes.removeLast(Int.random(in: 0...bytes.count, using: &random))
    case 5: overwrite(&bytes, &random)
    default:
      let count = Int.random(in: 1...8, using: &random)
      bytes.insert(
        contentsOf: (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) },
        at: Int.random(in: 0...bytes.count, using: &random))
    }
  }

  /// A painful number of 1, 2, 4 or 8 bytes, little-endian, somewhere.
  private static func overwrite(_ bytes: inout [UInt8], _ random: inout SeededGenerator) {
    let width = 1 << Int.random(in: 0..<4, using: &random)
    guard bytes.count >= width, let number = numbers.randomElement(using: &random) else { return }
    let start = Int.random(in: 0...bytes.count - width, using: &random)
    for index in 0..<width { bytes[start + index] = UInt8(truncatingIfNeeded: number >> UInt64(8 * index)) }
  }

  private static func range(in bytes: [UInt8], upTo length: Int, _ random: inout SeededGenerator) -> Range<Int> {
    let start = Int.random(in: 0...bytes.count, using: &random)
    return start..<min(bytes.count, start + Int.random(in: 0...length, using: &random))
  }
}
