import Foundation

// Every value that came over the wire passes one of these before it becomes part of a message.

func checkedText(_ text: String, limit: Int) throws(WireFault) -> String {
  guard text.utf8.count <= limit else { throw .value }
  return text
}

/// A remark for people and logs: overlong ones are cut, control characters become spaces, so that it stays one line.
func remark(_ text: String) -> String {
  var line = String.UnicodeScalarView()
  var bytes = 0
  for scalar in text.unicodeScalars {
    bytes += UTF8.width(scalar)
    if bytes > WireLimits.remarkBytes { break }
    line.append(scalar.properties.generalCategory == .control ? " " : scalar)
  }
  return String(line)
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

func checkedFinite(_ value: Double) throws(WireFault) -> Double {
  guard value.isFinite else { throw .value }
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
  return bytes.allSatisfy { $0 >= 0x20 && $0 != 0x7f && $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "\\") }
}

/// True for a name that a worker may carry: printable ASCII without spaces, short, and not a path.
package func isWorkerName(_ name: some Collection<UInt8>) -> Bool {
  guard !name.isEmpty, name.count <= WireLimits.workerNameBytes, name.first != UInt8(ascii: ".") else { return false }
  return name.allSatisfy { $0 > 0x20 && $0 < 0x7f && $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "\\") }
}
