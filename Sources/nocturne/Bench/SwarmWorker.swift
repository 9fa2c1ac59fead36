import Foundation
import NocturneFarm
import NocturneManifest
import NocturneWire

/// A worker of a swarm: the real decisions and a real connection, but nothing rendered, no thread and no disk of its own.
final class SwarmWorker {
  private let card: WorkerHello
  private let endpoint: Endpoint
  private let context: ZeroMQContext
  private let waker = Waker()
  private var state: WorkerState
  private var link: ZeroMQWorkerLink?
  private var generation = -1
  private var outbox: [Lease: Data] = [:]
  private var progress: UInt64 = 0
  private var wake = FarmInstant(nanoseconds: .max)
  private(set) var exit: WorkerExit?

  init(number: Int, endpoint: Endpoint, context: ZeroMQContext, renderer: NullRenderer) throws {
    var policy = WorkerPolicy()
    policy.connectSeconds = nil
    card = WorkerHello(
      build: buildVersion, worker: WorkerID("swarm-\(getpid())-\(number)"), host: "swarm", processID: Int(getpid()),
      modelFingerprint: renderer.modelFingerprint, numericClass: renderer.numericClass, cores: 1, memoryBytes: 1 << 30,
      credit: policy.credit)
    self.endpoint = endpoint
    self.context = context
    state = WorkerState(card: card, policy: policy)
    try handle(.outboxLoaded([]))
    try connect()
  }

  /// Takes in what has arrived, without waiting.
  /// - Returns: whether there was anything to do.
  func step() throws -> Bool {
    var isBusy = false
    for _ in 0..<64 {
      guard exit == nil, let message = try link?.receive(timeoutSeconds: 0) else { break }
      isBusy = true
      try handle(.messageReceived(message))
    }
    if exit == nil, FarmInstant.now >= wake {
      wake = FarmInstant(nanoseconds: .max)
      try handle(.timePassed)
    }
    if exit != nil {
      link?.close(lingerSeconds: 1)
      link = nil
    }
    return isBusy
  }

  private func connect() throws {
    link?.close(lingerSeconds: 0)
    generation += 1
    link = try ZeroMQWorkerLink(
      context: context, endpoint: endpoint, worker: card.worker, generation: generation, waker: waker)
    try handle(.started)
  }

  private func handle(_ event: WorkerEvent) throws {
    for instruction in state.handle(event, now: .now) { try perform(instruction) }
  }

  private func perform(_ instruction: WorkerInstruction) throws {
    switch instruction {
    case .send(let message): _ = try link?.send(message)
    case .beat(let executing): _ = try link?.send(.heartbeat(Heartbeat(progress: progress, executing: executing)))
    case .deliver(let receipt): _ = try link?.send(.finished(receipt, inline: outbox[receipt.lease]))
    case .serve: break
    case .render(let shard, _): try render(shard)
    case .cancelRender, .notify: break
    case .discard(let leases): for lease in leases { outbox[lease] = nil }
    case .reconnect: try connect()
    case .wake(let instant): wake = instant
    case .exit(let exit): self.exit = exit
    }
  }

  private func render(_ shard: Shard) throws {
    for item in shard.items {
      let artifact = NullRenderer.artifact(of: item.item)
      outbox[item.lease] = artifact.contents
      progress += 1
      try handle(
        .itemFinished(
          Receipt(
            lease: item.lease, fileName: item.item.fileName, facts: artifact.facts,
            modelFingerprint: card.modelFingerprint, numericClass: card.numericClass, worker: card.worker)))
    }
    try handle(.shardEnded(shard.id))
  }
}
