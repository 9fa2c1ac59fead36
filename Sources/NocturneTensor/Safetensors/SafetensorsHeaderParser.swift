/// Reads the one JSON shape a safetensors header may have. Stricter than a JSON library where a header could mislead:
/// unknown and repeated fields, and numbers that are not plain non-negative integers, are refused.
struct SafetensorsHeaderParser {
  struct RawEntry {
    var name: String
    var dtype: String
    var shape: [Int]
    var offsets: [Int]
  }

  struct Contents {
    var tensors: [RawEntry] = []
    var metadata: [String: String] = [:]
  }

  private var scanner: JSONScanner

  init(_ bytes: UnsafeRawBufferPointer, path: String) {
    scanner = JSONScanner(bytes, path: path)
  }

  mutating func parse() throws -> Contents {
    var contents = Contents()
    var hasMetadata = false
    try scanner.object { scanner, name in
      if name == "__metadata__" {
        guard !hasMetadata else { throw scanner.fault("__metadata__ appears twice") }
        hasMetadata = true
        try scanner.object { scanner, key in contents.metadata[key] = try scanner.string() }
      } else {
        contents.tensors.append(try Self.entry(named: name, &scanner))
      }
    }
    try scanner.end()
    return contents
  }

  private static func entry(named name: String, _ scanner: inout JSONScanner) throws -> RawEntry {
    var (dtype, shape, offsets) = (String?.none, [Int]?.none, [Int]?.none)
    try scanner.object { scanner, field in
      switch field {
      case "dtype" where dtype == nil: dtype = try scanner.string()
      case "shape" where shape == nil: shape = try scanner.integers()
      case "data_offsets" where offsets == nil: offsets = try scanner.integers()
      default: throw scanner.fault("unexpected or repeated field '\(SafetensorsError.printable(field))'", key: name)
      }
    }
    guard let dtype, let shape, let offsets else {
      throw scanner.fault("needs dtype, shape and data_offsets", key: name)
    }
    return RawEntry(name: name, dtype: dtype, shape: shape, offsets: offsets)
  }
}
