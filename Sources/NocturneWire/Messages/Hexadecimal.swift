import Foundation

/// Lower case, two digits for each byte.
package func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
  let digits = Array("0123456789abcdef".utf8)
  var text: [UInt8] = []
  text.reserveCapacity(64)
  for byte in bytes {
    text.append(digits[Int(byte >> 4)])
    text.append(digits[Int(byte & 15)])
  }
  return String(decoding: text, as: UTF8.self)
}

/// The 32 bytes of a SHA-256 or of a key; nil for anything but 64 digits.
func digest(hexadecimal text: String) -> Data? {
  guard text.utf8.count == 64 else { return nil }
  var data = Data(capacity: 32)
  var high: UInt8?
  for digit in text.utf8 {
    guard let value = value(ofDigit: digit) else { return nil }
    if let first = high {
      data.append(first << 4 | value)
      high = nil
    } else {
      high = value
    }
  }
  return data
}

private func value(ofDigit digit: UInt8) -> UInt8? {
  switch digit {
  case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
  case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
  case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
  default: nil
  }
}
