import NocturneTensor
import Testing

@Suite struct WeightsTests {
  let folder = TemporaryFolder()
  let backend = ReferenceBackend()
  var path: String { folder.file("dpd.safetensors") }

  private func weights(_ extra: [String: Tensor] = [:]) throws -> Weights {
    var tensors = [
      "blocks.0.weight": Tensor([1, 2], shape: [1, 2], on: backend),
      "blocks.0.bias": Tensor([3], shape: [1], on: backend),
      "blocks.1.weight": Tensor([4, 5], shape: [1, 2], on: backend),
    ]
    tensors.merge(extra) { $1 }
    try SafetensorsWriter(path: path).write(tensors)
    return Weights(file: try SafetensorsFile(path: path), on: backend)
  }

  @Test func scopedPathsReachTheirKeys() throws {
    let blocks = try weights().scoped("blocks")
    #expect(try blocks.scoped("1").tensor("weight", shape: [1, 2]).values == [4, 5])
    #expect(blocks.has("0.bias") && !blocks.has("1.bias"))
  }

  @Test func aMissingTensorNamesFileAndKey() throws {
    let error = try #require(throws: SafetensorsError.self) {
      try weights().scoped("blocks.1").tensor("bias", shape: [1])
    }
    #expect(error.code == .missing)
    #expect(error.description == "\(path): tensor 'blocks.1.bias': is missing; the file holds 3 others")
  }

  @Test func aMisshapenTensorSaysExpectedAndFound() throws {
    let error = try #require(throws: SafetensorsError.self) { try weights().tensor("blocks.0.weight", shape: [2, 1]) }
    #expect(error.code == .shape)
    #expect(error.message == "expected shape [2, 1], found [1, 2]")
  }

  @Test(arguments: [Float.nan, .infinity, -.infinity])
  func aNonFiniteTensorSaysWhere(value: Float) throws {
    let weights = try weights(["x": Tensor([0, value, 0], shape: [3], on: backend)])
    let error = try #require(throws: SafetensorsError.self) { try weights.tensor("x", shape: [3]) }
    #expect(error.code == .nonFinite)
    #expect(error.message == "expected finite values, found \(value) at element 1")
  }

  @Test func unusedTensorsAreAnErrorOfTheirScope() throws {
    let weights = try weights()
    _ = try weights.scoped("blocks.0").tensor("weight", shape: [1, 2])
    try weights.scoped("elsewhere").finish()
    let error = try #require(throws: SafetensorsError.self) { try weights.scoped("blocks.0").finish() }
    #expect(error.code == .unused && error.message.contains("1 unused tensor: 'blocks.0.bias'"))
    try weights.scoped("blocks.0").finish(ignoring: ["bias"])
    #expect(throws: SafetensorsError.self) { try weights.finish(ignoring: ["blocks.1"]) }
    _ = try weights.tensor("blocks.0.bias", shape: [1])
    _ = try weights.tensor("blocks.1.weight", shape: [1, 2])
    try weights.finish()
  }
}
