import CNocturneKernels
import NocturneTensor

/// The weights of one product in the layout its kernel reads, with their bias; the only copy that is kept.
final class PackedWeights: @unchecked Sendable {  // guard: written by init only
  /// Where the weights of output o, input i and tap t lie in a dense tensor.
  struct Layout {
    var outputs: Int
    var inputs: Int
    var taps: Int
    var outputStep: Int
    var inputStep: Int
    var tapStep: Int
    var offset = 0
    /// Input frames between the rows of the product.
    var rowStep = 1
  }

  let inputs: Int
  let outputs: Int
  let taps: Int
  let number: nk_number
  /// Inputs rounded up to what the kernels read.
  let depth: Int
  let bias: UnsafeMutablePointer<Float>?
  private let panels: UnsafeMutableRawPointer?
  private let oneDNN: OpaquePointer?

  /// - Parameter number: what the factors are rounded to; int8 takes one tap, and does not go through oneDNN.
  init(_ weight: Tensor, layout: Layout, bias: Tensor?, number: nk_number, backend: CPUBackend) {
    inputs = layout.inputs
    outputs = layout.outputs
    taps = layout.taps
    self.number = number
    depth = Int(nk_packed_depth(Int32(layout.inputs), number))
    self.bias = bias.map { bias in
      let copy = UnsafeMutablePointer<Float>.allocate(capacity: max(bias.shape.count, 1))
      withExtendedLifetime(bias) { copy.update(from: bias.pointer, count: bias.shape.count) }
      return copy
    }
    var source = nk_weight(
      w: weight.pointer + layout.offset, output_step: layout.outputStep, input_step: layout.inputStep,
      tap_step: layout.tapStep, outputs: Int32(layout.outputs), inputs: Int32(layout.inputs),
      taps: Int32(layout.taps))
    defer { withExtendedLifetime(weight) {} }
    if backend.usesOneDNN {
      var status: Int32 = 0
      // oneDNN wants the distance of rows when the product is made.
      let bf16 = number == NK_BF16
      let row = backend.preparedStride(depth, bytes: bf16 ? 2 : 4) * layout.rowStep
      oneDNN = nk_dnn_create(&source, bf16, Int32(Self.oneDNNRows), row, &status)
      panels = nil
      precondition(oneDNN != nil, "prepare: oneDNN refused a product of \(layout) with status \(status)")
    } else {
      let count = Self.panels(outputs)
      let weights = source
      let size = nk_panel_bytes(Int32(taps), Int32(inputs), number)
      let memory = backend.memory.allocate(size * count)
      panels = memory
      oneDNN = nil
      backend.pool.forEach(count) { panel in
        withUnsafePointer(to: weights) { nk_pack($0, number, Int32(panel), memory) }
      }
    }
  }

  deinit {
    bias?.deallocate()
    nk_release(panels)
    if let oneDNN { nk_dnn_destroy(oneDNN) }
  }

  /// Rows of oneDNN's one tile; one size, so that a row's bits never depend on how many there are.
  static let oneDNNRows = 64

  static func panels(_ outputs: Int) -> Int { (outputs + Int(NK_PANEL) - 1) / Int(NK_PANEL) }

  /// Units of columns a tile's work can be cut into.
  var columnUnits: Int { oneDNN.map { Int(nk_dnn_groups($0)) } ?? Self.panels(outputs) }

  /// Whether rows prepared for the one serve the other.
  func readsRows(as other: PackedWeights) -> Bool {
    (inputs, depth, number) == (other.inputs, other.depth, other.number)
  }

  /// Computes the units of columns `units` of one tile.
  func multiply(_ tile: nk_product, units: Range<Int>, kernels: KernelTable) {
    var tile = tile
    tile.columns = Int32(outputs)
    tile.taps = Int32(taps)
    tile.depth = Int32(depth)
    tile.finish.bias = UnsafePointer(bias)
    if let oneDNN {
      for unit in units {
        let status = nk_dnn_run(oneDNN, kernels.pointer, &tile, Int32(unit))
        precondition(status == 0, "linear: oneDNN failed with status \(status)")
      }
    } else {
      tile.panels = UnsafeRawPointer(panels)
      kernels.entry(kernels.table.product, number)?(&tile, Int32(units.lowerBound), Int32(units.count))
    }
  }
}
