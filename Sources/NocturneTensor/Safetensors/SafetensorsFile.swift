/// A safetensors file, mapped read-only. Opening checks the whole header (and nothing of the values), so every later
/// read stays inside the file. Safe to read from several threads.
package final class SafetensorsFile: Sendable {
  package let path: String
  private let mapping: MappedFile
  private let header: SafetensorsHeader

  /// Throws `SafetensorsError` (`io`, `header`, `entry`).
  package init(path: String) throws {
    self.path = path
    mapping = try MappedFile(path: path)
    header = try SafetensorsHeader(file: mapping.bytes, path: path)
  }

  /// Names of the tensors in byte order.
  package var keys: [String] { header.entries.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) } }
  package var metadata: [String: String] { header.metadata }

  package func has(_ key: String) -> Bool { header.entries[key] != nil }
  package func shape(of key: String) throws -> Shape { try entry(key).shape }
  package func dtype(of key: String) throws -> DType { try entry(key).dtype }

  /// An f32, bf16 or f16 tensor as f32. Throws `missing`, `dtype`, and `nonFinite` unless `allowNonFinite`.
  package func tensor(_ key: String, on backend: any Backend, allowNonFinite: Bool = false) throws -> Tensor {
    let entry = try entry(key)
    guard [.f32, .bf16, .f16].contains(entry.dtype) else {
      throw SafetensorsError(.dtype, file: path, key: key, "expected F32, BF16 or F16, found \(entry.dtype.rawValue)")
    }
    let count = entry.shape.count
    let result = Tensor(shape: entry.shape, backend: backend, storage: backend.allocate(count: count))
    guard count > 0, let base = mapping.bytes.baseAddress else { return result }
    // Step by step, so that the check finds the values still in cache and the pages go as soon as they are copied.
    let step = 1 << 18
    var finite = true
    for start in stride(from: 0, to: count, by: step) {
      let length = min(step, count - start)
      let first = entry.range.lowerBound + start * entry.dtype.byteCount
      let target = result.pointer + start
      FloatConversion.decode(base + first, entry.dtype, into: target, count: length)
      finite = finite && FloatConversion.allFinite(target, count: length)
      mapping.release(first..<first + length * entry.dtype.byteCount)
    }
    guard finite || allowNonFinite else {
      let index = result.buffer.firstIndex { !$0.isFinite } ?? 0
      throw SafetensorsError(
        .nonFinite, file: path, key: key, "expected finite values, found \(result.buffer[index]) at element \(index)")
    }
    return result
  }

  /// An i32 or i64 tensor, row-major. Throws `missing`, `dtype`.
  package func integers(_ key: String) throws -> [Int] {
    let entry = try entry(key)
    return try withBytes(of: key) { bytes in
      switch entry.dtype {
      case .i32:
        (0..<entry.shape.count).map { Int(bytes.loadUnaligned(fromByteOffset: $0 * 4, as: Int32.self)) }
      case .i64:
        (0..<entry.shape.count).map { Int(bytes.loadUnaligned(fromByteOffset: $0 * 8, as: Int64.self)) }
      default:
        throw SafetensorsError(.dtype, file: path, key: key, "expected I32 or I64, found \(entry.dtype.rawValue)")
      }
    }
  }

  /// The stored bytes of a tensor (little-endian, at any alignment); valid inside `body`. Throws `missing`.
  package func withBytes<Result>(of key: String, _ body: (UnsafeRawBufferPointer) throws -> Result) throws -> Result {
    let range = try entry(key).range
    return try withExtendedLifetime(mapping) { try body(UnsafeRawBufferPointer(rebasing: mapping.bytes[range])) }
  }

  /// Lets go of a tensor's pages after `withBytes`, so that they no longer count as resident.
  package func releasePages(of key: String) throws { mapping.release(try entry(key).range) }

  private func entry(_ key: String) throws -> SafetensorsHeader.Entry {
    guard let entry = header.entries[key] else {
      throw SafetensorsError(
        .missing, file: path, key: key, "is missing; the file holds \(header.entries.count) others")
    }
    return entry
  }
}
