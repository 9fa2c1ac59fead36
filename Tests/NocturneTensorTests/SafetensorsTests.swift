import Foundation
import NocturneTensor
import Testing

@Suite struct SafetensorsTests {
  let folder = TemporaryFolder()
  let backend = ReferenceBackend()

  /// Values that bf16 and f16 hold exactly.
  let exact: [Float] = [0, -0.0, 1, -2.5, 0.125, 240, -0.0078125, 1.5]

  @Test(arguments: [DType.f32, .bf16, .f16])
  func tensorsSurviveARoundTrip(dtype: DType) throws {
    let path = folder.file("round.safetensors")
    let odd = Array(exact.prefix(3))
    let tensors = [
      "layers.0.weight": Tensor(exact, shape: [2, 4], on: backend), "b": Tensor(odd, shape: [3], on: backend),
      "scalar": Tensor([7], shape: [], on: backend), "empty": Tensor([], shape: [0, 5], on: backend),
    ]
    try SafetensorsWriter(path: path, dtype: dtype, metadata: ["a": "x\"y\\\n"]).write(tensors)
    let file = try SafetensorsFile(path: path)
    #expect(file.keys == ["b", "empty", "layers.0.weight", "scalar"])
    #expect(file.metadata == ["a": "x\"y\\\n"])
    for (name, tensor) in tensors {
      let read = try file.tensor(name, on: backend)
      #expect(read.shape == tensor.shape)
      #expect(read.values.map(\.bitPattern) == tensor.values.map(\.bitPattern), "\(name)")
      #expect(try file.dtype(of: name) == dtype)
    }
  }

  @Test func longTensorsSurviveInPieces() throws {
    let path = folder.file("long.safetensors")
    let values = RandomStream(seed: 1, stage: .test).normals(count: (1 << 19) + 77)
    try SafetensorsWriter(path: path).write([("a", [3]), ("long", [values.count])]) { $0 == "a" ? [1, 2, 3] : values }
    let file = try SafetensorsFile(path: path)
    #expect(try file.tensor("long", on: backend).values == values)
    // A second time, after the pages were let go.
    #expect(try file.tensor("long", on: backend).values == values)
  }

  @Test func theSameTensorsGiveTheSameBytesInAnyOrder() throws {
    let shapes: [(String, Shape)] = [("b", [2]), ("a", [2]), ("c", [1])]
    let paths = [folder.file("1"), folder.file("2")]
    try SafetensorsWriter(path: paths[0]).write(shapes) { [Float]($0 == "c" ? [1] : [2, 3]) }
    try SafetensorsWriter(path: paths[1]).write(shapes.reversed()) { [Float]($0 == "c" ? [1] : [2, 3]) }
    let bytes = try paths.map { try Data(contentsOf: URL(fileURLWithPath: $0)) }
    #expect(bytes[0] == bytes[1])
    let header = bytes[0].prefix(8).enumerated().reduce(0) { $0 + Int($1.element) << (8 * $1.offset) }
    #expect((8 + header) % 8 == 0)
  }

  @Test func aFailedWriteLeavesNothingBehind() throws {
    struct Stop: Error {}
    #expect(throws: Stop.self) {
      try SafetensorsWriter(path: folder.file("never")).write([("a", [1])]) { _ in throw Stop() }
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == [])
    let error = try #require(throws: SafetensorsError.self) {
      try SafetensorsWriter(path: folder.file("absent/x")).write([("a", [1])]) { _ in [1] }
    }
    #expect(error.code == .io)
  }

  @Test func everyHalfDecodesAsTheHardwareTypeDoes() throws {
    let path = folder.file("half.safetensors")
    let header = "{\"h\":{\"dtype\":\"F16\",\"shape\":[65536],\"data_offsets\":[0,131072]}}   "  // odd start
    var bytes = withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { Data($0) } + Data(header.utf8)
    for pattern in UInt16.min...UInt16.max {
      withUnsafeBytes(of: pattern.littleEndian) { bytes.append(contentsOf: $0) }
    }
    try bytes.write(to: URL(fileURLWithPath: path))
    let values = try SafetensorsFile(path: path).tensor("h", on: backend, allowNonFinite: true).values
    for pattern in UInt16.min...UInt16.max {
      let (found, expected) = (values[Int(pattern)], Float(Float16(bitPattern: pattern)))
      #expect(found.bitPattern == expected.bitPattern || (found.isNaN && expected.isNaN))
    }
  }

  @Test func brainFloatsRoundToTheNearestEven() throws {
    let path = folder.file("brain.safetensors")
    let patterns: [(UInt32, UInt32)] = [
      (0x3F80_7FFF, 0x3F80_0000), (0x3F80_8000, 0x3F80_0000), (0x3F80_8001, 0x3F81_0000),
      (0x3F81_8000, 0x3F82_0000), (0xFF7F_FFFF, 0xFF80_0000), (0x7F80_0001, 0x7FC0_0000),
    ]
    try SafetensorsWriter(path: path, dtype: .bf16).write([("x", [6])]) { _ in
      patterns.map { Float(bitPattern: $0.0) }
    }
    let read = try SafetensorsFile(path: path).tensor("x", on: backend, allowNonFinite: true)
    #expect(read.values.map(\.bitPattern) == patterns.map(\.1))
  }

  @Test func integersReadAsIntegersAndNotAsTensors() throws {
    let header = "{\"i\":{\"dtype\":\"I64\",\"shape\":[2],\"data_offsets\":[0,16]}}"
    let file = try SafetensorsFile(path: try folder.safetensors(header: header, data: 16))
    #expect(try file.integers("i") == [0, 0])
    let error = try #require(throws: SafetensorsError.self) { try file.tensor("i", on: backend) }
    #expect(error.code == .dtype)
    #expect(error.message == "expected F32, BF16 or F16, found I64")
  }
}
