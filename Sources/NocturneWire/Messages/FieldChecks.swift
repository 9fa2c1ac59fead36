import Foundation

// Every value that came over the wire passes one of these before it becomes part of a message.

/// What an operator typed, of at most `limit` bytes; it is compared, never shown to others.
func checkedText(_ text: String, limit: Int) throws(WireFault) -> String {
  guard text.utf8.count <= limit else { throw .value }
  return text
}

/// A short name that our workers and coordinators send as `label` makes it.
func checkedLabel(_ text: String) throws(WireFault) -> String {
  guard label(text) == text else { throw .value }
  return text
}

/// A remark for people and logs: overlong ones are cut, what moves a cursor or hides becomes a blank, so that it stays
/// one line and says what it seems to say; what would open a tag becomes the harmless mark beside it.
func remark(_ text: String) -> String {
  var line = String.UnicodeScalarView()
  var bytes = 0
  for scalar in text.unicodeScalars {
    let shown = shown(scalar)
    bytes += UTF8.width(shown)
    if bytes > WireLimits.remarkBytes { break }
    line.append(shown)
  }
  return String(line)
}

private func shown(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
  switch scalar {
  case "<": return "‹"
  case ">": return "›"
  default: return isHidden(scalar) ? " " : scalar
  }
}

/// Control characters, line breaks, and what is invisible or turns the direction of writing.
private func isHidden(_ scalar: Unicode.Scalar) -> Bool {
  // Of printable ASCII nothing is; looking a category up takes longer.
  if (0x20...0x7e).contains(scalar.value) { return false }
  return switch scalar.properties.generalCategory {
  case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .unassigned: true
  default: false
  }
}

/// A short name for status, records and logs: cut to `WireLimits.nameBytes`; what is not printable ASCII, or could be
/// markup, becomes `_`.
package func label(_ text: String) -> String {
  if text.utf8.count <= WireLimits.nameBytes, text.utf8.allSatisfy(isLabelByte) { return text }
  let bytes = text.utf8.prefix(WireLimits.nameBytes).map { isLabelByte($0) ? $0 : UInt8(ascii: "_") }
  return String(decoding: bytes, as: UTF8.self)
}

private func isLabelByte(_ byte: UInt8) -> Bool {
  switch byte {
  case UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "&"), UInt8(ascii: "\""), UInt8(ascii: "'"),
    UInt8(ascii: "`"), UInt8(ascii: "\\"):
    false
  default: (0x20...0x7e).contains(byte)
  }
}

func checkedCount(_ count: Int, limit: Int) throws(WireFault) {
  guard count <= limit else { throw .value }
}

func checkedInt(_ value: UInt64, in range: ClosedRange<Int>) throws(WireFault) -> Int {
  guard let number = Int(exactly: value), range.contains(number) else { throw .value }
  return number
}

func checkedInt(_ value: UInt32, in range: ClosedRange<Int>) throws(WireFault) -> Int {
  try checkedInt(UInt64(value), in: range)
}

func checkedFinite(
  _ value: Double, in range: ClosedRange<Double> = -.greatestFiniteMagnitude ... .greatestFiniteMagnitude
) throws(WireFault) -> Double {
  guard range.contains(value) else { throw .value }
  return value
}

/// A name that becomes one path component below a run directory: no separator, no hidden file, no way up.
func checkedFileName(_ name: String) throws(WireFault) -> String {
  guard isSafeFileName(name) else { throw .value }
  return name
}

/// True for a name that can be one visible file in a directory and nothing else.
package func isSafeFileName(_ name: String) -> Bool {
  let bytes = name.utf8
  guard !bytes.isEmpty, bytes.count <= WireLimits.nameBytes, bytes.first != UInt8(ascii: ".") else { return false }
  return name.unicodeScalars.allSatisfy { $0 != "/" && $0 != "\\" && !isHidden($0) }
}

/// True for a name that a worker may carry: printable ASCII without spaces, short, and not a path.
package func isWorkerName(_ name: some Collection<UInt8>) -> Bool {
  guard !name.isEmpty, name.count <= WireLimits.workerNameBytes, name.first != UInt8(ascii: ".") else { return false }
  return name.allSatisfy { $0 > 0x20 && $0 < 0x7f && $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "\\") }
}
