import Foundation

/// How many fields the message in an envelope has, counted without parsing it: an empty lease is two bytes on the wire and
/// a hundred and more in memory, so a frame within its limit could swell to a hundred times its size before its lists are
/// counted.
enum EnvelopeShape {
  /// Fields of a message: the longest list that is allowed, and everything else that a hello carries.
  static let fieldLimit = WireLimits.leases + 2 * WireLimits.listEntries

  /// - Throws: `WireFault.value` for more fields than any message may have, `garbage` for bytes that are no fields.
  static func check(_ envelope: Data) throws(WireFault) {
    try envelope.withUnsafeBytes { bytes -> Result<Void, WireFault> in
      do throws(WireFault) {
        var count = 0
        var outer = FieldWalk(bytes[...])
        while let field = try outer.next() {
          guard field.isNested else { continue }
          var inner = FieldWalk(field.contents)
          while try inner.next() != nil {
            count += 1
            guard count <= fieldLimit else { throw .value }
          }
        }
        return .success(())
      } catch {
        return .failure(error)
      }
    }.get()
  }
}

/// Steps over the fields of a protobuf message.
private struct FieldWalk {
  private var rest: UnsafeRawBufferPointer.SubSequence

  init(_ bytes: UnsafeRawBufferPointer.SubSequence) { rest = bytes }

  mutating func next() throws(WireFault) -> (isNested: Bool, contents: UnsafeRawBufferPointer.SubSequence)? {
    if rest.isEmpty { return nil }
    let kind = try varint() & 7
    let length: UInt64
    switch kind {
    case 0:
      _ = try varint()
      length = 0
    case 1: length = 8
    case 2: length = try varint()
    case 5: length = 4
    default: throw .garbage
    }
    guard length <= UInt64(rest.count) else { throw .garbage }
    defer { rest = rest.dropFirst(Int(length)) }
    return (kind == 2, rest.prefix(Int(length)))
  }

  private mutating func varint() throws(WireFault) -> UInt64 {
    var value: UInt64 = 0
    for shift in stride(from: UInt64(0), to: 64, by: 7) {
      guard let byte = rest.popFirst() else { throw .garbage }
      value |= UInt64(byte & 0x7F) << shift
      if byte < 0x80 { return value }
    }
    throw .garbage
  }
}
