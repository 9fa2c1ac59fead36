/// The table of contents of a safetensors file: what each tensor is and where its bytes lie, checked so that every range
/// can be read without looking again.
struct SafetensorsHeader: Sendable {
  struct Entry: Hashable, Sendable {
    var dtype: DType
    var shape: Shape
    /// Bytes within the file.
    var range: Range<Int>
  }

  /// The longest header anyone needs; a length beyond it is an attack or not a safetensors file.
  static let maximumBytes = 100_000_000
  /// Eight bytes of header length come first.
  static let prefixBytes = 8

  let entries: [String: Entry]
  let metadata: [String: String]

  /// Reads and checks the header of a whole file. Throws `SafetensorsError` with code `header` or `entry`.
  init(file bytes: UnsafeRawBufferPointer, path: String) throws {
    func fault(_ message: String) -> SafetensorsError { SafetensorsError(.header, file: path, message) }
    guard bytes.count >= Self.prefixBytes else {
      throw fault("is no safetensors file: \(bytes.count) bytes, shorter than the header length")
    }
    let length = UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self))
    guard length <= UInt64(Self.maximumBytes) else {
      throw fault("is no safetensors file: header length \(length) exceeds \(Self.maximumBytes)")
    }
    guard length <= UInt64(bytes.count - Self.prefixBytes) else {
      throw fault(
        "is cut short or no safetensors file: header of \(length) bytes in a file of \(bytes.count); fetch it again")
    }
    let start = Self.prefixBytes + Int(length)
    var parser = SafetensorsHeaderParser(
      UnsafeRawBufferPointer(rebasing: bytes[Self.prefixBytes..<start]), path: path)
    let contents = try parser.parse()

    var entries = [String: Entry]()
    entries.reserveCapacity(contents.tensors.count)
    for raw in contents.tensors {
      let entry = try Self.check(raw, data: bytes.count - start, path: path)
      let shifted = Entry(
        dtype: entry.dtype, shape: entry.shape,
        range: entry.range.lowerBound + start..<entry.range.upperBound + start)
      guard entries.updateValue(shifted, forKey: raw.name) == nil else {
        throw SafetensorsError(.entry, file: path, key: raw.name, "appears twice")
      }
    }
    try Self.checkCoverage(entries, from: start, to: bytes.count, path: path)
    self.entries = entries
    self.metadata = contents.metadata
  }

  /// Range, type and byte count of one entry, relative to the data section of `data` bytes.
  private static func check(_ raw: SafetensorsHeaderParser.RawEntry, data: Int, path: String) throws -> Entry {
    func fault(_ message: String) -> SafetensorsError { SafetensorsError(.entry, file: path, key: raw.name, message) }
    guard let dtype = DType(rawValue: raw.dtype) else {
      throw fault("unknown dtype '\(SafetensorsError.printable(raw.dtype))'")
    }
    guard raw.offsets.count == 2, raw.offsets[0] <= raw.offsets[1], raw.offsets[1] <= data else {
      throw fault("data_offsets \(raw.offsets.prefix(4)) outside 0...\(data) or out of order")
    }
    var byteCount = dtype.byteCount
    for extent in raw.shape {
      let (product, overflow) = byteCount.multipliedReportingOverflow(by: extent)
      guard !overflow else { throw fault("shape \(raw.shape.prefix(8)) overflows") }
      byteCount = product
    }
    let range = raw.offsets[0]..<raw.offsets[1]
    guard byteCount == range.count else {
      throw fault("\(range.count) bytes for \(dtype.rawValue) of shape \(raw.shape.prefix(8)), expected \(byteCount)")
    }
    return Entry(dtype: dtype, shape: Shape(raw.shape), range: range)
  }

  /// The ranges must tile the data section: no overlap, no hole, nothing behind.
  private static func checkCoverage(_ entries: [String: Entry], from start: Int, to end: Int, path: String) throws {
    var position = start
    let ordered = entries.sorted {
      let (a, b) = ($0.value.range, $1.value.range)
      return (a.lowerBound, a.upperBound) < (b.lowerBound, b.upperBound)
    }
    for (name, entry) in ordered {
      guard entry.range.lowerBound == position else {
        let kind = entry.range.lowerBound < position ? "overlaps the tensor before it" : "leaves a hole before it"
        throw SafetensorsError(.entry, file: path, key: name, "\(kind) (byte \(entry.range.lowerBound))")
      }
      position = entry.range.upperBound
    }
    guard position == end else {
      throw SafetensorsError(.header, file: path, "\(end - position) bytes behind the last tensor")
    }
  }
}
