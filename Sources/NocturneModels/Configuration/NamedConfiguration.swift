import Foundation

/// The named configurations of model.md section 12.
package enum NamedConfiguration: String, CaseIterable, Sendable {
  /// The published architecture's sizes; for speed and fidelity, no public weights.
  case paper
  /// Small enough to be trained on the project's corpus and shipped.
  case demo
  /// For tests and fixtures: every branch alive.
  case tiny

  /// The configuration called `name`.
  package init(named name: String) throws(ConfigurationError) {
    guard let found = Self(rawValue: name) else {
      let names = Self.allCases.map(\.rawValue).joined(separator: ", ")
      throw ConfigurationError(.unknownName, "no configuration of this name; there are \(names)", source: name)
    }
    self = found
  }

  /// The document, as the trainers have it.
  package var document: String {
    switch self {
    case .paper: Self.paperDocument
    case .demo: Self.demoDocument
    case .tiny: Self.tinyDocument
    }
  }

  package var configuration: ModelConfiguration {
    do {
      return try ModelConfiguration(document: Data(document.utf8), source: rawValue)
    } catch {
      preconditionFailure("NamedConfiguration: \(error)")
    }
  }
}
