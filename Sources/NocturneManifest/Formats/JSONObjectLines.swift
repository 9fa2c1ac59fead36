/// Lines that each hold one JSON object: what JSONL and the OpenAI batch format share.
struct JSONObjectLines {
  struct Line {
    var text: TextLine
    var row: RawRow
    /// The object's members; none when the row has a fault.
    var members: [JSONMember]
  }

  private var lines = LineScanner()

  mutating func next(_ reader: inout ByteReader) throws(ManifestError) -> Line? {
    guard let text = try lines.next(&reader) else { return nil }
    var line = Line(text: text, row: RawRow(position: Position(line: text.number, column: 1)), members: [])
    if let fault = text.fault {
      line.row.faults.append(fault)
      return line
    }
    do throws(JSONFault) {
      let node = try JSONScanner.parse(text.bytes)
      if case .object(let members) = node.value {
        line.members = members
      } else {
        line.refuse(.wrongType, "the line is \(node.value.kind); it must be a JSON object", at: node.offset)
      }
    } catch {
      line.refuse(.badJSON, "not JSON: \(error.message)", at: error.offset)
    }
    return line
  }
}

extension JSONObjectLines.Line {
  mutating func refuse(_ code: ManifestError.Code, _ message: String, at offset: Int) {
    row.faults.append(TextFault(code: code, message: message, position: text.position(offset)))
  }

  /// A value that must be text, nil (with a fault in the row) when it is not, nil when it is null.
  mutating func text(_ member: JSONMember) -> Cell? {
    switch member.node.value {
    case .string(let value): return Cell(text: value, position: text.position(member.node.offset))
    case .null: return nil
    case let other:
      refuse(.wrongType, "\(quoted(member.key)) is \(other.kind); it must be text", at: member.node.offset)
      return nil
    }
  }

  /// Takes an option's value; a null counts as absent.
  mutating func take(_ option: RenderOption, _ member: JSONMember) {
    let position = text.position(member.node.offset)
    switch member.node.value {
    case .null: break
    case .number(let value) where option.isNumeric: row.options.append((option, Cell(text: value, position: position)))
    case .string(let value) where !option.isNumeric: row.options.append((option, Cell(text: value, position: position)))
    case let other:
      let wanted = option.isNumeric ? "a number" : "text"
      refuse(.wrongType, "\(quoted(member.key)) is \(other.kind); it must be \(wanted)", at: member.node.offset)
    }
  }

  /// Says which key is missing, unless the row is faulty already.
  mutating func require(_ cell: Cell?, key: String...) {
    if cell == nil, row.faults.isEmpty {
      let keys = key.map { "\"\($0)\"" }.joined(separator: " or ")
      refuse(.missingValue, "no \(keys) in this object; every line needs one", at: 0)
    }
  }
}
