import Foundation
import NocturneModels
import NocturneTensor
import Testing

/// A file of expected values that PyTorch wrote (Fixtures/README.md).
struct Fixture {
  let file: SafetensorsFile
  let backend: any Backend

  init(_ name: String, on backend: any Backend) throws {
    file = try SafetensorsFile(path: Fixture.directory.appendingPathComponent(name + ".safetensors").path)
    self.backend = backend
  }

  /// The seeds the file was made with.
  var seeds: [UInt64] { (file.metadata["seeds"] ?? "").split(separator: " ").compactMap { UInt64($0) } }

  /// [rows...] as stored.
  func tensor(_ key: String) throws -> Tensor { try file.tensor(key, on: backend) }

  /// With an axis of one clip in front.
  func clip(_ key: String) throws -> Tensor {
    let tensor = try tensor(key)
    return tensor.reshaped(Shape([1] + tensor.shape.extents))
  }

  func integers(_ key: String) throws -> [Int] { try file.integers(key) }

  /// Rows of a two-dimensional table of integers.
  func table(_ key: String) throws -> [[Int]] {
    let (values, columns) = (try integers(key), try file.shape(of: key)[1])
    return stride(from: 0, to: values.count, by: columns).map { Array(values[$0..<$0 + columns]) }
  }

  /// Per-frame angles as the network takes them.
  func angles(_ key: String) throws -> FrameAngles {
    let values = try tensor(key).values.map(Double.init)
    let distinct = Array(Set(values)).sorted()
    return FrameAngles(values: distinct, indices: values.map { distinct.firstIndex(of: $0)! })
  }

  static let directory: URL = {
    guard let root = Bundle.module.resourceURL else { fatalError("no fixtures in the test bundle") }
    return root.appendingPathComponent("Fixtures")
  }()

  static func json<Value: Decodable>(_ name: String, as type: Value.Type) throws -> Value {
    try JSONDecoder().decode(type, from: Data(contentsOf: directory.appendingPathComponent(name + ".json")))
  }
}
