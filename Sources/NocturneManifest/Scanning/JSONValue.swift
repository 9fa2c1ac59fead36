/// A JSON value with the byte offset at which it begins in its line; numbers keep their spelling, objects their order.
struct JSONNode: Hashable, Sendable {
  var value: JSONValue
  var offset: Int
}

struct JSONMember: Hashable, Sendable {
  var key: String
  var keyOffset: Int
  var node: JSONNode
}

indirect enum JSONValue: Hashable, Sendable {
  case null
  case bool(Bool)
  case number(String)
  case string(String)
  case array([JSONNode])
  case object([JSONMember])

  /// What the value is, for messages.
  var kind: String {
    switch self {
    case .null: "null"
    case .bool: "true or false"
    case .number: "a number"
    case .string: "text"
    case .array: "an array"
    case .object: "an object"
    }
  }

  /// JSON text without blanks, numbers as they were spelled.
  var compact: String {
    switch self {
    case .null: "null"
    case .bool(let value): value ? "true" : "false"
    case .number(let text): text
    case .string(let text): Self.escaped(text)
    case .array(let nodes): "[" + nodes.map(\.value.compact).joined(separator: ",") + "]"
    case .object(let members):
      "{" + members.map { Self.escaped($0.key) + ":" + $0.node.value.compact }.joined(separator: ",") + "}"
    }
  }

  /// Text as it stands, anything else as compact JSON text: how an unread column travels to the metadata.
  var carried: String {
    if case .string(let text) = self { text } else { compact }
  }

  private static func escaped(_ text: String) -> String {
    var out = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": out += "\\\""
      case "\\": out += "\\\\"
      case "\n": out += "\\n"
      case "\r": out += "\\r"
      case "\t": out += "\\t"
      case _ where scalar.value < 0x20:
        let digits = String(scalar.value, radix: 16)
        out += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: out.unicodeScalars.append(scalar)
      }
    }
    return out + "\""
  }
}
