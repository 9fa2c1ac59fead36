/// A registered worker as `status` and the progress display show it.
package struct WorkerSummary: Hashable, Sendable {
  package var worker: WorkerID
  package var host: String
  package var cores: Int
  package var numericClass: String
  /// Items being rendered, by its last heartbeat.
  package var executing: Int
  /// Items granted and not decided yet, those included.
  package var leased: Int
  package var finished: Int
  package var failed: Int
  /// Waiting out a shortage.
  package var isPaused: Bool
  package var isStalled: Bool

  package init(
    worker: WorkerID, host: String, cores: Int, numericClass: String, executing: Int, leased: Int, finished: Int,
    failed: Int, isPaused: Bool, isStalled: Bool
  ) {
    self.worker = worker
    self.host = host
    self.cores = cores
    self.numericClass = numericClass
    self.executing = executing
    self.leased = leased
    self.finished = finished
    self.failed = failed
    self.isPaused = isPaused
    self.isStalled = isStalled
  }
}
