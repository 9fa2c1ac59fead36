import CNocturneKernels
import Foundation
package import NocturneTensor

/// The fast backend: weights packed once into panels, products and everything around them in vector kernels, several
/// threads. It agrees with `ReferenceBackend` to rounding.
///
/// A result's bits depend on the numeric class only: products are single chains of sums over fixed tiles, so neither
/// threads nor rows that ride along can change them.
package final class CPUBackend: Backend {
  package typealias Precision = ProductPrecision

  /// Raised by every change after which some class computes other bits, and named in all of them: clips of builds that
  /// differ in it are never taken for clips of one class. 2: int8 keeps keys and values in bf16 on every CPU.
  package static let revision = 2

  package let numericClass: String
  package let instructionSet: InstructionSet
  /// Products are made of values rounded to bf16.
  package let roundsToBF16: Bool
  /// Robust linear layers are made of values rounded to int8.
  package let roundsToInt8: Bool
  /// Products go through oneDNN instead of the kernels here.
  package let usesOneDNN: Bool

  let kernels: KernelTable
  let pool: ThreadPool
  package let memory = BufferCache()
  let rotary = RotaryTables()

  /// - Parameters:
  ///   - threads: threads that compute, the caller's included; every core where nil.
  ///   - maximum: kernels of no higher instruction set than this.
  ///   - oneDNN: whether products go through oneDNN; nil: where that uses AMX, which the kernels here do not.
  package init(
    threads: Int? = nil, precision: Precision = .auto, maximum: InstructionSet = .allowed,
    oneDNN: Bool? = nil
  ) {
    let instructionSet = min(maximum, .ofThisCPU)
    self.instructionSet = instructionSet
    roundsToBF16 =
      switch precision {
      case .auto, .int8: instructionSet.multipliesBF16
      case .bf16: true
      case .f32: false
      }
    let oneDNNSet = String(cString: nk_dnn_isa())
    roundsToInt8 = precision == .int8
    usesOneDNN =
      oneDNN ?? (roundsToBF16 && !roundsToInt8 && instructionSet == .amxbf16 && oneDNNSet.hasSuffix("amx"))
    precondition(
      !usesOneDNN || !roundsToBF16 || instructionSet.multipliesBF16,
      "CPUBackend: oneDNN's bf16 products need rows of bf16, which \(instructionSet.name) does not prepare")
    let products =
      usesOneDNN
      ? "onednn-\(String(cString: nk_dnn_version()))-\(oneDNNSet)" : instructionSet.numericName
    precondition(!usesOneDNN || !roundsToInt8, "CPUBackend: int8 products are the kernels' own, not oneDNN's")
    let numbers = "\(roundsToInt8 ? "int8+" : "")\(roundsToBF16 ? "bf16" : "f32")"
    numericClass = "cpu/\(products)/\(numbers)/\(Self.revision)"
    kernels = KernelTable(instructionSet)
    pool = ThreadPool(threads: threads ?? ProcessInfo.processInfo.activeProcessorCount)
  }

  package var threads: Int { pool.threads }

  package func forEach(_ count: Int, _ body: (Int) -> Void) { pool.forEach(count, body) }

  /// What products are rounded to that nothing says to be robust.
  var number: nk_number { roundsToBF16 ? NK_BF16 : NK_F32 }
  /// Bytes of a weight of a linear layer that bears int8.
  package var robustWeightBytes: Int { roundsToInt8 ? 1 : roundsToBF16 ? 2 : 4 }

  package func allocate(count: Int) -> Storage { memory.storage(count: count) }

  /// A new tensor whose every element `fill` writes.
  func make(_ shape: Shape, _ fill: (UnsafeMutablePointer<Float>) -> Void) -> Tensor {
    let result = Tensor(shape: shape, backend: self, storage: allocate(count: shape.count))
    withExtendedLifetime(result) { fill(result.pointer) }
    return result
  }
}
