import NocturneCPU
import NocturneTensor
import NocturneTesting

/// A backend to test, made from its description.
struct BackendChoice: Sendable, CustomStringConvertible {
  var instructionSet: InstructionSet
  var precision: ProductPrecision
  var oneDNN = false

  /// Every instruction set this CPU has, in f32, bf16 and int8; sets below AVX512_BF16 multiply bf16 as f32, and int8 as
  /// integers of 32 bits.
  static let all: [BackendChoice] = InstructionSet.allCases.filter { $0 <= .ofThisCPU && $0 != .amxbf16 }.flatMap {
    [
      BackendChoice(instructionSet: $0, precision: .f32), BackendChoice(instructionSet: $0, precision: .bf16),
      BackendChoice(instructionSet: $0, precision: .int8),
    ]
  }

  var rounding: OperationCase.Rounding {
    OperationCase.Rounding(
      bf16: precision == .bf16 || precision == .int8 && instructionSet.multipliesBF16, int8: precision == .int8)
  }

  /// What a caller gets without asking.
  static var usual: CPUBackend { CPUBackend(threads: 2) }

  func backend(threads: Int = 2) -> CPUBackend {
    CPUBackend(threads: threads, precision: precision, maximum: instructionSet, oneDNN: oneDNN)
  }

  var description: String { backend(threads: 1).numericClass }
}
