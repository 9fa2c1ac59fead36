import CNocturneKernels
import Foundation

/// The instruction sets the kernels are compiled for, in growing order. `scalar` is what every CPU of the architecture
/// has (SSE2, NEON).
package enum InstructionSet: Int, Comparable, CaseIterable, Sendable {
  case scalar, avx2, avx512, avx512bf16, amxbf16

  package static func < (a: InstructionSet, b: InstructionSet) -> Bool { a.rawValue < b.rawValue }

  /// `scalar`, `avx2`, `avx512`, `avx512_bf16`, `amx_bf16`.
  package var name: String { String(cString: nk_level_name(level)) }

  /// How a numeric class names it. What every CPU of an architecture has rounds otherwise on each: ARM's fuses products
  /// into sums.
  var numericName: String {
    #if arch(arm64)
      if self == .scalar { return "neon" }
    #endif
    return name
  }

  /// What this CPU and its operating system offer.
  package static var ofThisCPU: InstructionSet { InstructionSet(rawValue: Int(nk_cpu_level().rawValue)) ?? .scalar }

  /// What this CPU offers, or less where the environment variable `NOCTURNE_MAX_ISA` names less. A name that does not
  /// exist traps, which `fault` tells beforehand: a limit silently ignored would look like one obeyed.
  package static var allowed: InstructionSet {
    guard let allowed = allowed(by: environment) else { preconditionFailure(fault ?? "") }
    return allowed
  }

  /// Nil for a name that does not exist.
  package static func allowed(by name: String) -> InstructionSet? {
    name.isEmpty ? ofThisCPU : allCases.first { $0.name == name }.map { min($0, ofThisCPU) }
  }

  /// What is wrong with `NOCTURNE_MAX_ISA`, one line; nil where nothing is.
  package static var fault: String? {
    if allowed(by: environment) != nil { return nil }
    return "NOCTURNE_MAX_ISA is '\(environment)'; it must be one of \(allCases.map(\.name).joined(separator: ", "))"
  }

  private static var environment: String { ProcessInfo.processInfo.environment["NOCTURNE_MAX_ISA"] ?? "" }

  /// Products of bf16 pairs in hardware.
  package var multipliesBF16: Bool { self >= .avx512bf16 }

  var level: nk_level { nk_level(rawValue: UInt32(rawValue)) }
}
