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
  let digits = Array(text.utf8)
  guard digits.count == 64 else { return nil }
  var data = Data(capacity: 32)
  for position in stride(from: 0, to: 64, by: 2) {
    guard let high = Character(UnicodeScalar(digits[position])).hexDigitValue,
      let low = Character(UnicodeScalar(digits[position + 1])).hexDigitValue
    else { return nil }
    data.append(UInt8(high << 4 | low))
  }
  return data
}
