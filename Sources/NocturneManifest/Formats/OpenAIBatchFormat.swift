/// The request file of OpenAI's batch interface: `custom_id` is the id, `body.prompt` or `body.input` the caption. Option
/// keys are read from `body`, too. What else there is travels on, keys of the body as `body.<key>`.
struct OpenAIBatchFormat: ManifestFormat {
  let kind = ManifestFormatKind.openAIBatch
  private var lines = JSONObjectLines()

  static func recognises(_ head: ManifestHead) -> Bool {
    guard head.firstByte == UInt8(ascii: "{") else { return false }
    let keys = head.firstObjectKeys
    if keys.contains("custom_id") { return true }
    return keys.contains("body") && !keys.contains("caption")
  }

  init(head: ManifestHead, reader: inout ByteReader) {}

  mutating func nextRow(_ reader: inout ByteReader) throws(ManifestError) -> RawRow? {
    guard var line = try lines.next(&reader) else { return nil }
    guard line.row.faults.isEmpty else { return line.row }
    for member in line.members {
      switch member.key {
      case "custom_id": line.row.id = line.text(member)
      case "body": takeBody(member, &line)
      case let key:
        if let option = RenderOption(rawValue: key) {
          line.take(option, member)
        } else {
          line.row.extra[key] = member.node.value.carried
        }
      }
    }
    line.require(line.row.id, key: "custom_id")
    line.require(line.row.caption, key: "body.prompt", "body.input")
    return line.row
  }

  private func takeBody(_ body: JSONMember, _ line: inout JSONObjectLines.Line) {
    guard case .object(let members) = body.node.value else {
      line.refuse(.wrongType, "\"body\" is \(body.node.value.kind); it must be an object", at: body.node.offset)
      return
    }
    let captionKey = members.contains { $0.key == "prompt" && $0.node.value != .null } ? "prompt" : "input"
    for member in members {
      if member.key == captionKey {
        line.row.caption = line.text(member)
      } else if let option = RenderOption(rawValue: member.key) {
        line.take(option, member)
      } else {
        line.row.extra["body.\(member.key)"] = member.node.value.carried
      }
    }
  }
}
