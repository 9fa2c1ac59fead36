/// What libsndfile does not tell of a FLAC file: the MD5 of its samples and who encoded it (RFC 9639, sections 8.2, 8.6).
struct FLACHeader: Hashable {
  /// MD5 of the samples, little-endian in whole bytes; nil where the encoder did not compute it (all zero).
  var samplesMD5: [UInt8]?
  /// The Vorbis comment's vendor string.
  var vendor: String?

  /// Nil when `bytes` do not start a FLAC file.
  init?(_ bytes: [UInt8]) {
    guard bytes.starts(with: Array("fLaC".utf8)) else { return nil }
    var offset = 4
    var isLast = false
    while !isLast, offset + 4 <= bytes.count {
      isLast = bytes[offset] & 0x80 != 0
      let kind = bytes[offset] & 0x7f
      let length = Int(bytes[offset + 1]) << 16 | Int(bytes[offset + 2]) << 8 | Int(bytes[offset + 3])
      let start = offset + 4
      guard start + length <= bytes.count else { return }
      switch kind {
      case 0 where length == 34:
        let digest = Array(bytes[start + 18..<start + 34])
        samplesMD5 = digest.allSatisfy { $0 == 0 } ? nil : digest
      case 4 where length >= 4:
        let count = (0..<4).reduce(0) { $0 | Int(bytes[start + $1]) << (8 * $1) }
        guard count <= length - 4 else { break }
        vendor = String(decoding: bytes[start + 4..<start + 4 + count], as: UTF8.self)
      default: break
      }
      offset = start + length
    }
  }
}
