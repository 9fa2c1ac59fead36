import Foundation
import NocturneFarm
import NocturneWire
import NocturneWorker

/// A worker as the whole business of a process: signals stop it, its notes go to standard error.
enum WorkerProcess {
  /// - Parameters:
  ///   - patienceSeconds: how long a lost coordinator is waited for; nil waits for ever.
  ///   - allocationSeconds: after which the machine is taken away; nil for never.
  static func run(
    _ renderer: any Renderer, endpoint: Endpoint, protection: Protection<WorkerKeys> = .missing, outbox: String,
    patienceSeconds: Double? = nil, allocationSeconds: Double? = nil, tags: [String] = []
  ) throws -> WorkerExit {
    let stop = StopSignal(waker: Waker())
    let signals = StopOnSignals { stop.request() }
    defer { signals.end() }
    var options = Worker.Options()
    options.build = buildVersion
    options.tags = tags
    options.policy.orphanSeconds = patienceSeconds
    if let allocationSeconds {
      options.policy.endsAt = FarmInstant.now + allocationSeconds
      options.policy.endMarginSeconds = min(options.policy.endMarginSeconds, allocationSeconds / 10)
    }
    let worker = try Worker(
      endpoint: endpoint, protection: protection, renderer: renderer, outbox: outbox, stop: stop, options: options,
      notify: { Terminal.remark("worker: \($0)") })
    return try worker.run()
  }
}

extension CommandFailure {
  /// Why a worker left before the run was over.
  init(_ exit: WorkerExit) {
    let status = ExitStatus(rawValue: exit.status) ?? .failure
    switch exit {
    case .finished: self.init(status, "the run is over")
    case .stopped: self.init(status, "stopped; what was handed back is rendered by others")
    case .refused(let reason): self.init(status, "the coordinator refused this worker: \(reason)")
    case .unreachable(let reason): self.init(status, reason)
    }
  }
}
