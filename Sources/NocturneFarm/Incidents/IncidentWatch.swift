/// Picks the incidents out of all that happens: one message for each, however often it is repeated while it lasts.
package struct IncidentWatch: Sendable {
  /// The disk is low when fewer bytes are free, and no more so when twice as many are.
  package let diskLowBytes: Int
  private var isDiskLow = false
  private var quarantined: Set<WorkerID> = []

  package init(diskLowBytes: Int) { self.diskLowBytes = diskLowBytes }

  package mutating func take(_ notice: FarmNotice) -> Incident? {
    switch notice {
    case .runStuck: return Incident(.stuck, notice.description)
    case .runPaused: return diskIsFull(notice.description)
    case .workerQuarantined(let worker, _):
      return quarantined.insert(worker).inserted ? Incident(.quarantined, notice.description) : nil
    case .workerReturned(let worker):
      quarantined.remove(worker)
      return nil
    default: return nil
    }
  }

  /// The disk refused something.
  package mutating func diskIsFull(_ message: String) -> Incident? {
    defer { isDiskLow = true }
    return isDiskLow ? nil : Incident(.diskLow, message)
  }

  /// Bytes that are free on the run directory's disk.
  package mutating func measure(freeBytes: Int) -> Incident? {
    if freeBytes >= 2 * diskLowBytes { isDiskLow = false }
    guard freeBytes < diskLowBytes else { return nil }
    return diskIsFull("\(freeBytes >> 20) MiB are left on the run directory's disk")
  }
}
