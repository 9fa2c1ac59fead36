/// Places where a test ends the process, so to speak: between any two steps of the durability order (farm.md).
package enum FaultPoint: String, Hashable, Sendable, CaseIterable {
  case partialWritten, partialSynced, verified, renamed, directorySynced
  case beforeCommit, committed, published, acknowledged
}

/// Called at every fault point; what it throws ends the run on the spot, with nothing cleaned up. A `FileFault` is an
/// error of the disk instead, and goes the way of one.
package typealias FaultInjection = (FaultPoint) throws -> Void
