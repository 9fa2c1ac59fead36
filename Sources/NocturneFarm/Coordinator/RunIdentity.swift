/// What makes a run this run.
package struct RunIdentity: Hashable, Sendable {
  /// Name of the run, the same over restarts; outboxes are sorted by it.
  package var name: String
  /// Workers with another model are refused. Nil takes that of the first worker, or of the journal.
  package var modelFingerprint: String?

  package init(name: String, modelFingerprint: String?) {
    self.name = name
    self.modelFingerprint = modelFingerprint
  }
}
