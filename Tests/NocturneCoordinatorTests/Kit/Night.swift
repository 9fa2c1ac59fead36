import Foundation
import NocturneCoordinator
import NocturneFarm
import NocturneManifest
import NocturneWire
import NocturneWorker
import Synchronization
import Testing

/// A farm in one process: a coordinator and workers on threads of their own, real sockets, real disk.
final class Night: Sendable {
  let scratch = Scratch()
  let items: [Item]
  private let joined = Mutex<Set<WorkerID>>([])

  init(items: [Item]) { self.items = items }

  /// Quick reactions, so that tests need not wait.
  static var policy: FarmPolicy {
    var policy = FarmPolicy()
    policy.liveness.heartbeatSeconds = 0.05
    policy.liveness.timeoutHeartbeats = 10
    policy.liveness.graceSeconds = 0.4
    policy.retry.backoffSeconds = 0.01
    policy.shortage = BackoffPolicy(seconds: 0.05, limitSeconds: 0.1, jitter: 0)
    return policy
  }

  /// A coordinator at work.
  final class Shift: Sendable {
    let stop = StopSignal(waker: Waker())
    fileprivate let outcome = Mutex<Result<Verdict, any Error>?>(nil)
    fileprivate let told = Mutex<[RunEvent]>([])
    fileprivate let end = DispatchSemaphore(value: 0)

    /// Waits for the end.
    func verdict(_ seconds: Double = 90) throws -> Verdict {
      guard end.wait(timeout: .now() + seconds) == .success else { throw Late() }
      end.signal()
      return try #require(outcome.withLock { $0 }).get()
    }

    /// Waits for an event.
    func wait(_ seconds: Double = 60, for isIt: (RunEvent) -> Bool) throws {
      let end = Date() + seconds
      while !events.contains(where: isIt) {
        guard Date() < end else { throw Late() }
        Thread.sleep(forTimeInterval: 0.005)
      }
    }

    func waitForTheStart() throws { try wait { if case .started = $0 { true } else { false } } }
    func waitForAnItem() throws { try wait { if case .itemDone = $0 { true } else { false } } }

    var events: [RunEvent] { told.withLock { $0 } }
    var notices: [FarmNotice] { events.compactMap { if case .notice(let notice) = $0 { notice } else { nil } } }
    struct Late: Error {}
  }

  func coordinate(
    record: RunRecord = makeRecord(), policy: FarmPolicy = Night.policy, rejected: [RejectedRow] = [],
    inspector: (@Sendable (URL, Item, String) throws -> AudioFacts)? = nil,
    fault: (@Sendable (FaultPoint) throws -> Void)? = nil, grantBytes: Int? = nil,
    observer: (@Sendable (RunEvent) -> Void)? = nil
  ) -> Shift {
    let shift = Shift()
    let thread = Thread { [self] in
      let result = Result {
        let link = try ZeroMQCoordinatorLink(endpoints: [scratch.endpoint], waker: shift.stop.waker)
        var options = Coordinator.Options()
        options.policy = policy
        options.inspector = inspector
        options.fault = fault
        options.grantBytes = grantBytes ?? options.grantBytes
        options.progressSeconds = 0.05
        let coordinator = try Coordinator(
          directory: scratch.run, record: record, items: ItemList(items), rejected: rejected, link: link,
          stop: shift.stop, options: options
        ) { event in
          shift.told.withLock { $0.append(event) }
          if case .notice(.workerJoined(let worker, _, _)) = event { _ = self.joined.withLock { $0.insert(worker) } }
          observer?(event)
        }
        return try coordinator.run()
      }
      shift.outcome.withLock { $0 = result }
      shift.end.signal()
    }
    thread.start()
    return shift
  }

  /// A worker at work.
  final class Hand: Sendable {
    let stop = StopSignal(waker: Waker())
    fileprivate let outcome = Mutex<Result<WorkerExit, any Error>?>(nil)
    fileprivate let end = DispatchSemaphore(value: 0)

    func exit(_ seconds: Double = 30) throws -> WorkerExit {
      guard end.wait(timeout: .now() + seconds) == .success else { throw Shift.Late() }
      end.signal()
      return try #require(outcome.withLock { $0 }).get()
    }
  }

  func work(
    _ name: String = "one", renderer: any Renderer = FakeRenderer(),
    options: @escaping @Sendable (inout Worker.Options) -> Void = { _ in },
    notify: @escaping @Sendable (String) -> Void = { _ in }
  ) -> Hand {
    let hand = Hand()
    let thread = Thread { [self] in
      let result = Result {
        var chosen = Worker.Options()
        chosen.policy.reconnectSeconds = 0.05
        chosen.policy.reconnectLimitSeconds = 0.1
        chosen.policy.lingerSeconds = 2
        chosen.policy.orphanSeconds = 10
        options(&chosen)
        return try Worker(
          endpoint: scratch.endpoint, renderer: renderer, outbox: outbox(name), stop: hand.stop, options: chosen,
          notify: notify
        ).run()
      }
      hand.outcome.withLock { $0 = result }
      hand.end.signal()
    }
    thread.start()
    return hand
  }

  /// Returns when so many workers have joined. Without it a quick run may be over before the last of them has found its
  /// coordinator, for which that one then looks in vain.
  func awaitWorkers(_ count: Int) {
    let end = Date() + 60
    while joined.withLock({ $0.count < count }) {
      guard Date() < end else {
        Issue.record("\(count) workers have not joined")
        return
      }
      Thread.sleep(forTimeInterval: 0.002)
    }
  }

  func outbox(_ name: String) -> String { "\(scratch.path)/outbox-\(name)" }

  /// What a worker that is gone left in its outbox.
  func kept(_ name: String) throws -> [OutboxEntry] { try OutboxDirectory(outbox(name)).load() }

  /// Every item once, whole, and in the books.
  func expectComplete(bytes: Int = 100, sourceLocation: Testing.SourceLocation = #_sourceLocation) throws {
    let run = scratch.run
    let names = try Set(FileManager.default.contentsOfDirectory(atPath: run.audio))
    #expect(names == Set(items.map(\.fileName)), sourceLocation: sourceLocation)
    for item in items {
      let data = FileManager.default.contents(atPath: run.audioFile(item.fileName))
      #expect(data == FakeRenderer.contents(of: item, bytes: bytes), sourceLocation: sourceLocation)
    }
    #expect(scratch.lines(run.metadata).count == items.count, sourceLocation: sourceLocation)
    let report = try RunVerifier(directory: run).verify()
    #expect(report.findings.map(\.description) == [], sourceLocation: sourceLocation)
    #expect(report.verified == items.count, sourceLocation: sourceLocation)
    #expect(try FileManager.default.contentsOfDirectory(atPath: run.partial) == [], sourceLocation: sourceLocation)
  }
}
