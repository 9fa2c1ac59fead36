import Foundation
import NocturneModels
import NocturneTensor
import Testing

/// The backends that the networks must agree on, with what each is allowed to differ.
enum TestedBackend: String, CaseIterable, CustomTestStringConvertible {
  case reference

  static let exact: [TestedBackend] = allCases.filter { $0.tolerance < 1e-3 }

  var testDescription: String { rawValue }

  /// Norm of the difference over norm.
  var tolerance: Double {
    switch self {
    case .reference: 1e-4
    }
  }

  /// The fixtures' checkpoint on this backend; loaded once.
  var melody: MeLoDy {
    switch self {
    case .reference: Self.onReference
    }
  }

  private static let onReference = load(ReferenceBackend())

  private static func load(_ backend: any Backend) -> MeLoDy {
    do {
      let directory = Fixture.directory.appendingPathComponent("tiny")
      return try MeLoDy(directory: directory, backend: backend, textEncoderDirectory: nil)
    } catch {
      fatalError("the fixtures' checkpoint: \(error)")
    }
  }
}
