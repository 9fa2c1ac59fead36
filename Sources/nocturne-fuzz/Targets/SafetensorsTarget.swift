import NocturneFarm
import NocturneTensor

/// The safetensors reader, header and values.
struct SafetensorsTarget: FuzzTarget {
  static let name = "safetensors"
  static let share = 15.0

  private static let header = """
    {"__metadata__":{"format":"pt"},
    "lm.weight":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},
    "lm.half":{"dtype":"BF16","shape":[4],"data_offsets":[24,32]},
    "ids":{"dtype":"I64","shape":[1,2],"data_offsets":[32,48]},
    "none":{"dtype":"F16","shape":[0,7],"data_offsets":[48,48]}}
    """
  private static let dataBytes = 48

  private let file: ScratchFile

  init() throws { file = try ScratchFile() }

  func input(_ random: inout SeededGenerator) -> [UInt8] {
    var header = Array(Self.header.utf8)
    if Int.random(in: 0..<8, using: &random) > 0 { TextMutation.apply(&header, &random) }
    let isHonest = Int.random(in: 0..<6, using: &random) > 0
    let length = isHonest ? UInt64(header.count) : ByteMutation.numbers.randomElement(using: &random)!
    let data = (0..<Self.dataBytes).map { _ in UInt8.random(in: 0...255, using: &random) }
    var bytes = (0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) } + header + data
    if Int.random(in: 0..<8, using: &random) == 0 { ByteMutation.apply(&bytes, &random) }
    return bytes
  }

  func read(_ input: [UInt8]) -> Bool {
    file.write(input)
    do {
      let tensors = try SafetensorsFile(path: file.path)
      let backend = ReferenceBackend()
      for key in tensors.keys {
        let bytes = try tensors.withBytes(of: key) { $0.count }
        let count = try tensors.shape(of: key).count
        let width = try tensors.dtype(of: key).byteCount
        precondition(bytes == count * width, "\(key): \(bytes) bytes for \(count)")
        if let tensor = try? tensors.tensor(key, on: backend, allowNonFinite: true) {
          precondition(tensor.shape.count == count, "\(key) has another shape than its header says")
        }
        if let numbers = try? tensors.integers(key) { precondition(numbers.count == count, "\(key)") }
        try tensors.releasePages(of: key)
      }
      return true
    } catch {
      precondition(error is SafetensorsError && !"\(error)".contains("\n"), "\(error)")
      return false
    }
  }
}
