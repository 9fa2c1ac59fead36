import Foundation

/// Writes safetensors files one tensor at a time, so that a model larger than memory can be written. The same contents
/// give the same bytes: tensors lie in byte order of their names.
package struct SafetensorsWriter: Sendable {
  package let path: String
  package let dtype: DType
  package let metadata: [String: String]

  /// `dtype`: f32, bf16 or f16.
  package init(path: String, dtype: DType = .f32, metadata: [String: String] = [:]) {
    precondition([.f32, .bf16, .f16].contains(dtype), "SafetensorsWriter: dtype \(dtype.rawValue)")
    self.path = path
    self.dtype = dtype
    self.metadata = metadata
  }

  /// Writes tensors whose values `values` makes, one after the other, in byte order of the names. The file appears under
  /// its name only when it is whole and on disk. Throws `SafetensorsError` (`io`), and whatever `values` throws.
  package func write(_ tensors: [(name: String, shape: Shape)], values: (String) throws -> [Float]) throws {
    let ordered = tensors.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    let output = try PartialFile(path: path)
    try output.write(header(ordered))
    for (name, shape) in ordered {
      let produced = try values(name)
      precondition(
        produced.count == shape.count, "SafetensorsWriter: \(produced.count) values for '\(name)' of \(shape)")
      try produced.withUnsafeBufferPointer { try write($0, to: output) }
    }
    try output.finish()
  }

  /// Writes tensors that are already there.
  package func write(_ tensors: [String: Tensor]) throws {
    try write(tensors.map { ($0.key, $0.value.shape) }) { tensors[$0]?.values ?? [] }
  }

  /// Converted a piece at a time.
  private func write(_ values: UnsafeBufferPointer<Float>, to output: PartialFile) throws {
    guard let base = values.baseAddress else { return }
    let step = 1 << 18
    try withUnsafeTemporaryAllocation(byteCount: step * dtype.byteCount, alignment: 16) { buffer in
      guard let target = buffer.baseAddress else { return }
      for start in stride(from: 0, to: values.count, by: step) {
        let count = min(step, values.count - start)
        FloatConversion.encode(base + start, dtype, into: target, count: count)
        try output.write(UnsafeRawBufferPointer(start: target, count: count * dtype.byteCount))
      }
    }
  }

  /// Length and JSON, padded with spaces so that the data begins at a multiple of 8.
  private func header(_ tensors: [(name: String, shape: Shape)]) -> [UInt8] {
    var members = [String]()
    if !metadata.isEmpty {
      let pairs = metadata.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
      members.append(
        "\"__metadata__\":{" + pairs.map { quoted($0.key) + ":" + quoted($0.value) }.joined(separator: ",") + "}")
    }
    var offset = 0
    var previous: String?
    for (name, shape) in tensors {
      precondition(name != previous && name != "__metadata__", "SafetensorsWriter: tensor name '\(name)'")
      previous = name
      let end = offset + shape.count * dtype.byteCount
      let extents = shape.extents.map(String.init).joined(separator: ",")
      members.append(
        "\(quoted(name)):{\"dtype\":\"\(dtype.rawValue)\",\"shape\":[\(extents)],\"data_offsets\":[\(offset),\(end)]}")
      offset = end
    }
    var json = Array(("{" + members.joined(separator: ",") + "}").utf8)
    json.append(contentsOf: repeatElement(UInt8(ascii: " "), count: (8 - json.count % 8) % 8))
    return withUnsafeBytes(of: UInt64(json.count).littleEndian) { Array($0) } + json
  }

  private func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"", "\\": result += "\\" + String(scalar)
      case _ where scalar.value < 32: result += String(format: "\\u%04x", scalar.value)
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}
