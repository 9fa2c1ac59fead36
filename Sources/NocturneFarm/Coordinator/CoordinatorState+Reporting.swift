/// What people may ask.
extension CoordinatorState {
  /// Registered workers by name.
  package var workers: [WorkerSummary] {
    registered.sorted { $0.key < $1.key }.map { worker, record in
      WorkerSummary(
        worker: worker, host: record.host, cores: record.cores, numericClass: record.numericClass,
        executing: record.executing.count, leased: record.held.count, finished: record.finishedItems,
        failed: record.failedItems, isPaused: record.pausedUntil != nil, isStalled: record.isStalled)
    }
  }

  /// Results on their way in.
  package var collecting: Int { collections.count }
  /// The run waits for room on the disk.
  package var isPaused: Bool { pausedUntil != nil }
}
