import Foundation
import NocturneCPU
import NocturneModels
import NocturneTensor
import Testing

/// The backends that the networks must agree on, with what each is allowed to differ.
enum TestedBackend: String, CaseIterable, CustomTestStringConvertible {
  case reference
  case cpu32 = "cpu f32"
  case cpu16 = "cpu bf16"
  case cpu8 = "cpu int8"

  /// Those on which tokens must be the same as PyTorch's f32 ones.
  static let exact: [TestedBackend] = [.reference, .cpu32]

  var testDescription: String { rawValue }

  /// Norm of the difference over norm.
  var tolerance: Double {
    switch self {
    case .reference, .cpu32: 1e-4
    case .cpu16: 2e-2
    case .cpu8: 5e-2
    }
  }

  /// The fixtures' checkpoint on this backend; loaded once.
  var melody: MeLoDy {
    switch self {
    case .reference: Self.onReference
    case .cpu32: Self.onCPU32
    case .cpu16: Self.onCPU16
    case .cpu8: Self.onCPU8
    }
  }

  private static let onReference = load(ReferenceBackend())
  private static let onCPU32 = load(CPUBackend(threads: 2, precision: .f32))
  private static let onCPU16 = load(CPUBackend(threads: 2, precision: .bf16))
  private static let onCPU8 = load(CPUBackend(threads: 2, precision: .int8))

  private static func load(_ backend: any Backend) -> MeLoDy {
    do {
      let directory = Fixture.directory.appendingPathComponent("tiny")
      return try MeLoDy(directory: directory, backend: backend, textEncoderDirectory: nil)
    } catch {
      fatalError("the fixtures' checkpoint: \(error)")
    }
  }
}
