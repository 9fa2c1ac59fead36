/// Something that is worth waking somebody for.
package struct Incident: Hashable, Sendable {
  package enum Kind: String, Hashable, Sendable, CaseIterable {
    /// The run ended, however it did.
    case finished
    /// Nothing was finished for `LivenessPolicy.stuckSeconds`.
    case stuck
    /// A worker gets nothing more, because it fails what others render.
    case quarantined
    /// The run directory's disk is full, or nearly so.
    case diskLow = "disk-low"
  }

  package var kind: Kind
  /// One line.
  package var message: String

  package init(_ kind: Kind, _ message: String) {
    self.kind = kind
    self.message = message
  }
}
