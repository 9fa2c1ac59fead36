import Foundation
package import NocturneFarm
import NocturneManifest
package import NocturneWire

/// The worker's shell. The thread that calls `run` does all input and output; one thread renders; one beats.
package final class Worker {
  package struct Options: Sendable {
    package var policy = WorkerPolicy()
    /// Version of the binary.
    package var build = "0"
    package var tags: [String] = []
    /// Artifacts up to this size ride along with their receipt.
    package var inlineBytes = 256 << 10
    /// How long the last messages may take to leave.
    package var lingerSeconds = 1.0
    /// How long a renderer that was called off may take to return before `run` returns without it.
    package var renderEndSeconds = 2.0

    package init() {}
  }

  package let card: WorkerHello
  /// Asks the worker to stop, from any thread: once to finish what it renders, twice to leave now.
  package let stop: StopSignal
  let endpoint: Endpoint
  let protection: Protection<WorkerKeys>
  let options: Options
  let outbox: OutboxDirectory
  let context = ZeroMQContext()
  let notify: (String) -> Void
  private let mailbox: Mailbox
  let renderThread: RenderThread
  let pulse: Heart.Pulse

  var state: WorkerState
  private var link: ZeroMQWorkerLink?
  private var heart: Heart?
  private var generation = -1
  private var wake = FarmInstant(nanoseconds: .max)
  private var stopsHandled = 0
  private var isExhausted = false
  private var exit: WorkerExit?

  /// Opens the outbox.
  /// - Parameters:
  ///   - outbox: a directory of this worker's own, kept over its restarts.
  ///   - notify: takes lines for people; called on the thread of `run`.
  /// - Throws: `OutboxError`.
  package init(
    endpoint: Endpoint, protection: Protection<WorkerKeys> = .missing, renderer: any Renderer, outbox: String,
    stop: StopSignal = StopSignal(waker: Waker()), options: Options = Options(),
    notify: @escaping (String) -> Void = { _ in }
  ) throws {
    self.endpoint = endpoint
    self.protection = protection
    self.options = options
    self.stop = stop
    self.notify = notify
    self.outbox = try OutboxDirectory(outbox)
    card = WorkerHello.here(
      build: options.build, renderer: renderer, tags: options.tags, credit: options.policy.credit)
    state = WorkerState(card: card, policy: options.policy)
    mailbox = Mailbox(waker: stop.waker)
    let progress = ProgressCounter()
    pulse = Heart.Pulse(progress: progress)
    renderThread = RenderThread(renderer: renderer, mailbox: mailbox, progress: progress)
  }

  /// Works until the run is finished, until it was asked to stop, or until no coordinator answers. Blocks; called once.
  /// - Throws: `WireError`, `FileFault`.
  package func run() throws -> WorkerExit {
    defer { shut() }
    try handle(.outboxLoaded(try outbox.load { notify("outbox: \($0); left where it is") }))
    try connect()
    while exit == nil { try cycle() }
    guard let exit else { preconditionFailure("run: ended without a reason") }
    return exit
  }

  private func cycle() throws {
    guard let link else { preconditionFailure("cycle: there is no link") }
    var message = try link.receive(timeoutSeconds: wake.seconds(since: .now))
    // A new link may take the place of this one on the way.
    for _ in 0..<64 {
      guard exit == nil, let received = message else { break }
      try take(received)
      message = try self.link?.receive(timeoutSeconds: 0)
    }
    if let message { try take(message) }
    if exit == nil, let failure = self.link?.takeHandshakeFailure() { try handle(.handshakeFailed(failure)) }
    try absorb(mailbox.take())
    if exit == nil, !isExhausted, let reason = stop.exhaustion {
      isExhausted = true
      try handle(.exhausted(reason))
    }
    while exit == nil, stopsHandled < stop.count {
      stopsHandled += 1
      try handle(.stopRequested)
    }
    if exit == nil, FarmInstant.now >= wake {
      wake = FarmInstant(nanoseconds: .max)
      try handle(.timePassed)
    }
  }

  private func take(_ message: CoordinatorMessage) throws {
    try handle(.messageReceived(message))
    guard case .welcome(_, let heartbeatSeconds, _) = message, exit == nil else { return }
    if let heart { return heart.beat(everySeconds: heartbeatSeconds) }
    heart = Heart(
      context: context, endpoint: endpoint, protection: protection, worker: card.worker, generation: generation,
      intervalSeconds: heartbeatSeconds, pulse: pulse)
  }

  private func connect() throws {
    heart?.stop()
    heart = nil
    link?.close(lingerSeconds: 0)
    link = nil
    generation += 1
    link = try ZeroMQWorkerLink(
      context: context, endpoint: endpoint, protection: protection, worker: card.worker, generation: generation,
      waker: stop.waker)
    try handle(.started)
  }

  func handle(_ event: WorkerEvent) throws {
    let instructions = state.handle(event, now: .now)
    pulse.set(executing: state.executing)
    for instruction in instructions { try perform(instruction) }
  }

  private func perform(_ instruction: WorkerInstruction) throws {
    switch instruction {
    case .send(let message): try send(message)
    case .beat(let executing):
      // Its own connection is never behind audio on a slow line.
      if heart?.isBeating != true {
        try send(.heartbeat(Heartbeat(progress: pulse.progress.value, executing: executing)))
      }
    case .deliver(let receipt): try deliver(receipt)
    case .serve(let lease, let offset, let length): try serve(lease, offset: offset, length: length)
    case .render(let shard, let run): renderThread.render(shard, run: run)
    case .cancelRender(let shard): renderThread.callOff(shard)
    case .discard(let leases): outbox.discard(leases)
    case .reconnect: try connect()
    case .wake(let instant): wake = instant
    case .notify(let line): notify(line)
    case .exit(let exit): self.exit = exit
    }
  }

  /// Whether it leaves does not matter: the protocol repeats what counts.
  func send(_ message: WorkerMessage) throws { _ = try link?.send(message) }

  private func shut() {
    heart?.stop()
    link?.close(lingerSeconds: options.lingerSeconds)
    link = nil
    outbox.close()
    // Nobody comes back from where memory ran out.
    if !renderThread.close(waitingSeconds: isExhausted ? 0 : options.renderEndSeconds), !isExhausted {
      notify("leaving while the renderer is still busy; what it renders is lost, and rendered again elsewhere")
    }
  }
}
