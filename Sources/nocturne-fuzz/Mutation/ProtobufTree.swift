import NocturneFarm

/// A protobuf message taken apart without its schema, so that a field can be changed and all lengths around it still agree.
struct ProtobufTree {
  indirect enum Value {
    case varint(UInt64)
    /// 4 or 8 bytes.
    case fixed([UInt8])
    case bytes([UInt8])
    case message(ProtobufTree)
  }

  var fields: [(number: UInt64, value: Value)] = []

  /// Nil when the bytes are no message.
  init?(_ bytes: ArraySlice<UInt8>, depth: Int = 0) {
    var rest = bytes
    while !rest.isEmpty {
      guard let tag = Self.varint(&rest), tag >> 3 > 0 else { return nil }
      switch tag & 7 {
      case 0:
        guard let value = Self.varint(&rest) else { return nil }
        fields.append((tag >> 3, .varint(value)))
      case 1, 5:
        let width = tag & 7 == 1 ? 8 : 4
        guard rest.count >= width else { return nil }
        fields.append((tag >> 3, .fixed(Array(rest.prefix(width)))))
        rest = rest.dropFirst(width)
      case 2:
        guard let length = Self.varint(&rest), length <= UInt64(rest.count) else { return nil }
        let piece = rest.prefix(Int(length))
        rest = rest.dropFirst(Int(length))
        if depth < 8, !piece.isEmpty, let message = ProtobufTree(piece, depth: depth + 1) {
          fields.append((tag >> 3, .message(message)))
        } else {
          fields.append((tag >> 3, .bytes(Array(piece))))
        }
      default: return nil
      }
    }
  }

  private static func varint(_ bytes: inout ArraySlice<UInt8>) -> UInt64? {
    var value: UInt64 = 0
    for shift in stride(from: UInt64(0), to: 64, by: 7) {
      guard let byte = bytes.popFirst() else { return nil }
      value |= UInt64(byte & 0x7F) << shift
      if byte < 0x80 { return value }
    }
    return nil
  }

  /// Whether `bytes` are about as few as a message may have. To be asked first: what is repeated within what is repeated
  /// comes to gigabytes.
  var isOfSendableSize: Bool {
    var room = 1 << 18
    return takes(&room)
  }

  private func takes(_ room: inout Int) -> Bool {
    fields.allSatisfy { field in
      switch field.value {
      case .varint, .fixed: room -= 10
      case .bytes(let piece): room -= piece.count + 4
      case .message(let tree):
        room -= 4
        return room >= 0 && tree.takes(&room)
      }
      return room >= 0
    }
  }

  var bytes: [UInt8] {
    var bytes: [UInt8] = []
    for (number, value) in fields {
      switch value {
      case .varint(let number64):
        Self.append(number << 3, to: &bytes)
        Self.append(number64, to: &bytes)
      case .fixed(let piece):
        Self.append(number << 3 | (piece.count == 8 ? 1 : 5), to: &bytes)
        bytes += piece
      case .bytes(let piece): Self.append(number, piece, to: &bytes)
      case .message(let tree): Self.append(number, tree.bytes, to: &bytes)
      }
    }
    return bytes
  }

  private static func append(_ number: UInt64, _ piece: [UInt8], to bytes: inout [UInt8]) {
    append(number << 3 | 2, to: &bytes)
    append(UInt64(piece.count), to: &bytes)
    bytes += piece
  }

  static func append(_ value: UInt64, to bytes: inout [UInt8]) {
    var value = value
    while value >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: value) | 0x80)
      value >>= 7
    }
    bytes.append(UInt8(value))
  }
}
