import Foundation

/// A folder that is gone when the test is.
final class TemporaryFolder {
  let path: String

  init() {
    path = NSTemporaryDirectory() + "nocturne-tensor-" + UUID().uuidString
    try? FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func file(_ name: String) -> String { path + "/" + name }

  /// Writes a safetensors file by hand: header length (the true one unless given), header text, data.
  func safetensors(header: String, length: UInt64? = nil, data: Int) throws -> String {
    let text = Data(header.utf8)
    var bytes = withUnsafeBytes(of: (length ?? UInt64(text.count)).littleEndian) { Data($0) }
    bytes.append(text)
    bytes.append(Data(count: data))
    let path = file("fixture.safetensors")
    try bytes.write(to: URL(fileURLWithPath: path))
    return path
  }
}
