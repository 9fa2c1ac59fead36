import Foundation
import NocturneTensor

extension CheckpointDirectory {
  /// Checks everything there is: every file of the manifest has its digest, the text path's files hold exactly their
  /// layout's tensors, every value is finite, and the text encoder is there.
  ///
  /// - Throws: the first fault, as `CheckpointError` or `SafetensorsError`.
  package func verify() throws {
    let backend = ReferenceBackend()
    let layouts = Self.layouts(configuration)
    for layout in layouts { try verify(try weights(layout, on: backend), layout) }
    if configuration.mulan.bert.external != nil {
      let layout = TextTower.externalLayout(configuration)
      try verify(try externalEncoder(on: backend), layout, ignoring: Self.externalExtras)
    }
    _ = try wordPiece()
    let known = Set(layouts.map(\.fileName) + [Self.vocabularyName])
    for name in manifest.files.keys.sorted() where !known.contains(name) {
      let file = try checkedFile(name)
      guard name.hasSuffix(".safetensors") else { continue }
      // Modules that Swift does not run yet: their values must at least be numbers.
      let tensors = try SafetensorsFile(path: file.path)
      for key in tensors.keys where try [.f32, .bf16, .f16].contains(tensors.dtype(of: key)) {
        _ = try tensors.tensor(key, on: backend)
      }
    }
  }

  private func verify(_ weights: ModuleWeights, _ layout: ModuleLayout, ignoring prefixes: [String] = []) throws {
    for tensor in layout.tensors { _ = try weights.tensor(tensor.key) }
    try weights.finish(ignoring: prefixes)
  }
}
