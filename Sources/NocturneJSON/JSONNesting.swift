/// Whether JSON text nests no deeper than anything of ours. To be asked before Foundation's parser sees a file that people
/// can edit: beyond 512 levels it means to throw an error, and traps where the text ends right there.
package func isShallow(_ json: some Sequence<UInt8>) -> Bool {
  var depth = 0
  var isInString = false
  var isEscaped = false
  for byte in json {
    if isInString {
      if isEscaped {
        isEscaped = false
      } else if byte == UInt8(ascii: "\\") {
        isEscaped = true
      } else if byte == UInt8(ascii: "\"") {
        isInString = false
      }
      continue
    }
    switch byte {
    case UInt8(ascii: "\""): isInString = true
    case UInt8(ascii: "["), UInt8(ascii: "{"): depth += 1
    case UInt8(ascii: "]"), UInt8(ascii: "}"): depth -= 1
    default: break
    }
    if depth > 64 { return false }
  }
  return true
}
