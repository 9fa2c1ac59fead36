import Foundation
import NocturneFarm
import NocturneWire
import NocturneWorker

/// A worker as the whole business of a process: signals stop it, its notes go to standard error.
struct WorkerProcess {
  /// A coordinator to work for.
  struct Post {
    let endpoint: Endpoint
    var protection = Protection<WorkerKeys>.missing
  }

  /// In order of priority.
  let posts: [Post]
  let outbox: String
  /// How long a lost coordinator is waited for; nil waits for ever.
  var patienceSeconds: Double?
  /// After which the machine is taken away; nil for never.
  var allocationSeconds: Double?
  var tags: [String] = []

  /// Where there are several: how long one may take to answer, and to grant something, before the next one is asked.
  private static let answerSeconds = 3.0
  private static let idleSeconds = 1.0

  /// Works until all the runs are over, until it is told to stop, or until nobody answers.
  func run(_ renderer: any Renderer) throws -> WorkerExit {
    let stop = StopSignal(waker: Waker())
    let signals = StopOnSignals { stop.request() }
    defer { signals.end() }
    OutOfMemory.tell(stop)
    defer { OutOfMemory.tell(nil) }
    let start = FarmInstant.now
    let end = allocationSeconds.map { start + $0 }
    var heardAt: FarmInstant?
    var rota = Rota(count: posts.count)
    var outcome = WorkerExit.finished
    var answered: Set<Int> = []
    while let turn = rota.current {
      let visit = rota.visit(idleSeconds: Self.idleSeconds)
      let options = options(visit, end: end, knows: answered.contains(turn))
      let exit = try work(for: posts[turn], renderer, stop: stop, options: options)
      let isOver = end.map { $0 + -margin <= .now } ?? false
      if case .exhausted = exit { return exit }
      if visit == nil || stop.count > 0 || isOver { return outcome == .finished ? exit : outcome }
      if case .refused(let reason) = exit {
        Terminal.remark("worker: \(posts[turn].endpoint) refused it: \(reason)")
        outcome = exit
      }
      if case .unreachable = exit {
        let patience = heardAt == nil ? WorkerPolicy().connectSeconds : patienceSeconds
        if let patience, FarmInstant.now.seconds(since: heardAt ?? start) >= patience { return exit }
      } else {
        heardAt = .now
        answered.insert(turn)
      }
      rota.take(exit)
    }
    return outcome
  }

  private var margin: Double {
    min(WorkerPolicy().endMarginSeconds, (allocationSeconds ?? .infinity) / 10)
  }

  /// - Parameter knows: whether this coordinator has answered on an earlier visit.
  private func options(_ visit: WorkerPolicy.Visit?, end: FarmInstant?, knows: Bool) -> Worker.Options {
    var options = Worker.Options()
    options.build = buildVersion
    options.tags = tags
    options.policy.orphanSeconds = patienceSeconds
    if knows { options.policy.connectSeconds = patienceSeconds }
    options.policy.endsAt = end
    options.policy.endMarginSeconds = margin
    guard let visit else { return options }
    options.policy.visit = visit
    options.policy.connectSeconds = Self.answerSeconds
    options.policy.orphanSeconds = Self.answerSeconds
    // What is prefetched would keep it from more urgent work.
    if visit.shards != nil { options.policy.credit = 1 }
    return options
  }

  private func work(
    for post: Post, _ renderer: any Renderer, stop: StopSignal, options: Worker.Options
  ) throws -> WorkerExit {
    let name = posts.count > 1 ? " \(post.endpoint):" : ""
    let worker = try Worker(
      endpoint: post.endpoint, protection: post.protection, renderer: renderer, outbox: outbox, stop: stop,
      options: options, notify: { Terminal.remark("worker:\(name) \($0)") })
    return try worker.run()
  }
}

extension CommandFailure {
  /// Why a worker left before the run was over.
  init(_ exit: WorkerExit) {
    let status = ExitStatus(rawValue: exit.status) ?? .failure
    switch exit {
    case .finished: self.init(status, "the run is over")
    case .stopped, .idle: self.init(status, "stopped; what was handed back is rendered by others")
    case .refused(let reason): self.init(status, "the coordinator refused this worker: \(reason)")
    case .unreachable(let reason), .exhausted(let reason): self.init(status, reason)
    }
  }
}
