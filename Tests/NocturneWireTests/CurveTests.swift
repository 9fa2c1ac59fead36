import CZeroMQ
import Foundation
import NocturneFarm
import NocturneManifest
import NocturneTesting
import NocturneWire
import Testing

/// Who is let in over TCP, and what others see of it.
@Suite struct CurveTests {
  private let pair = KeyPair.fresh()
  private let anywhere = Endpoint.tcp(host: "127.0.0.1", port: 0)

  private func coordinator(_ protection: Protection<CoordinatorKeys>) throws -> ZeroMQCoordinatorLink {
    try ZeroMQCoordinatorLink(endpoints: [anywhere], protection: protection, waker: Waker())
  }

  private func worker(
    _ endpoint: Endpoint, _ protection: Protection<WorkerKeys>, as worker: WorkerID = Samples.worker
  ) throws -> ZeroMQWorkerLink {
    let link = try ZeroMQWorkerLink(
      context: ZeroMQContext(), endpoint: endpoint, protection: protection, worker: worker, waker: Waker())
    #expect(try link.send(.hello(Samples.hello)))
    return link
  }

  /// The next message; a coordinator's wait may end early, when somebody was turned away.
  private func message(at coordinator: ZeroMQCoordinatorLink) throws -> WorkerMessage? {
    for _ in 0..<2_000 {
      if let (_, message) = try coordinator.receive(timeoutSeconds: 0.01) { return message }
    }
    return nil
  }

  private func endpoint(_ port: Int) -> Endpoint { .tcp(host: "127.0.0.1", port: port) }

  private func port(_ link: ZeroMQCoordinatorLink) throws -> Int {
    guard case .tcp(_, let port) = link.endpoints[0] else { throw WireFault.value }
    return port
  }

  /// Waits until the worker hears of this failure; neither side hears anything else. (Whoever closes first may make the
  /// other see a broken connection before it sees the reason.)
  private func hears(
    _ failure: HandshakeFailure, _ worker: ZeroMQWorkerLink, at coordinator: ZeroMQCoordinatorLink
  ) throws -> Bool {
    for _ in 0..<2_000 {
      #expect(try worker.receive(timeoutSeconds: 0.01) == nil)
      #expect(try coordinator.receive(timeoutSeconds: 0) == nil)
      let heard = worker.takeHandshakeFailure()
      if heard == failure { return true }
      #expect(heard == nil || heard == .brokenOff)
    }
    return false
  }

  @Test func anAdmittedWorkerAndItsHeartAreServed() throws {
    let ring = try KeyRing(admitting: pair)
    let coordinator = try coordinator(ring.forCoordinator())
    let worker = try worker(coordinator.endpoints[0], ring.forWorker(pair))
    #expect(try message(at: coordinator) == .hello(Samples.hello))
    for sent in Samples.coordinatorMessages {
      #expect(try coordinator.send(sent, to: Samples.worker))
      #expect(try worker.receive(timeoutSeconds: 20) == sent)
    }
    let heart = try ZeroMQHeartLink(
      context: ZeroMQContext(), endpoint: coordinator.endpoints[0], protection: ring.forWorker(pair),
      worker: Samples.worker)
    let beat = Heartbeat(progress: 3, executing: [])
    var tries = 0
    while !heart.send(beat), tries < 1_000 {
      #expect(try coordinator.receive(timeoutSeconds: 0.01) == nil)
      tries += 1
    }
    #expect(try message(at: coordinator) == .heartbeat(beat))
    #expect(worker.takeHandshakeFailure() == nil)
    #expect(coordinator.takeRefusals() == [])
  }

  @Test func anUnknownKeyIsToldSoAndGetsNothing() throws {
    let ring = try KeyRing(admitting: KeyPair.fresh())
    let coordinator = try coordinator(ring.forCoordinator())
    let stranger = try worker(coordinator.endpoints[0], ring.forWorker(pair))
    #expect(try hears(.keyNotAdmitted, stranger, at: coordinator))
    let lines = coordinator.takeRefusals()
    #expect(lines.count == 1 && lines[0].contains(pair.publicKey.short), "\(lines)")
    #expect(try coordinator.send(.heartbeat, to: Samples.worker) == false)
  }

  @Test func aKeyThatIsAddedDuringTheNightIsAdmitted() throws {
    let ring = try KeyRing(admitting: KeyPair.fresh())
    let coordinator = try coordinator(ring.forCoordinator())
    let stranger = try worker(coordinator.endpoints[0], ring.forWorker(pair))
    #expect(try hears(.keyNotAdmitted, stranger, at: coordinator))
    try ring.admit(pair, as: "late")
    let friend = try worker(coordinator.endpoints[0], ring.forWorker(pair))
    #expect(try message(at: coordinator) == .hello(Samples.hello))
    #expect(friend.takeHandshakeFailure() == nil)
  }

  @Test func aWorkerOfAnotherCoordinatorSpeaksToNobody() throws {
    let ring = try KeyRing(admitting: pair)
    let other = try KeyRing(admitting: pair)
    let coordinator = try coordinator(ring.forCoordinator())
    let stray = try worker(coordinator.endpoints[0], other.forWorker(pair))
    #expect(try hears(.brokenOff, stray, at: coordinator))
  }

  @Test func oneSideWithoutKeysIsToldWhichOne() throws {
    let ring = try KeyRing(admitting: pair)
    let locked = try coordinator(ring.forCoordinator())
    let bare = try worker(locked.endpoints[0], .insecureLoopback)
    #expect(try hears(.keysExpected, bare, at: locked))
    let open = try coordinator(.insecureLoopback)
    let careful = try worker(open.endpoints[0], ring.forWorker(pair))
    #expect(try hears(.keysUnexpected, careful, at: open))
  }

  @Test func anAbsentCoordinatorIsNoFailure() throws {
    let ring = try KeyRing(admitting: pair)
    let worker = try worker(endpoint(1), ring.forWorker(pair))
    for _ in 0..<20 { #expect(try worker.receive(timeoutSeconds: 0.01) == nil) }
    #expect(worker.takeHandshakeFailure() == nil)
  }

  /// What an admitted worker may not do: speak in the name of another.
  @Test func aNameBelongsToTheKeyThatUsedItFirst() throws {
    let thief = KeyPair.fresh()
    let ring = try KeyRing(admitting: pair, thief)
    let coordinator = try coordinator(ring.forCoordinator())
    let owner = try worker(coordinator.endpoints[0], ring.forWorker(pair))
    #expect(try message(at: coordinator) == .hello(Samples.hello))
    let impostor = try ZeroMQWorkerLink(
      context: ZeroMQContext(), endpoint: coordinator.endpoints[0], protection: ring.forWorker(thief),
      worker: Samples.worker, generation: 1, waker: Waker())
    #expect(try impostor.send(.returned([Samples.lease])))
    for _ in 0..<1_000 where coordinator.dropped.total == 0 {
      #expect(try coordinator.receive(timeoutSeconds: 0.01) == nil)
    }
    #expect(coordinator.dropped.counts == [.sender: 1])
    #expect(try coordinator.send(.drain, to: Samples.worker))
    #expect(try owner.receive(timeoutSeconds: 20) == .drain)
    #expect(try impostor.receive(timeoutSeconds: 0) == nil)
  }

  @Test(arguments: [true, false])
  func aReaderOnTheWireSeesCaptionsOnlyWhereKeysWereDeclined(withKeys: Bool) throws {
    let ring = try KeyRing(admitting: pair)
    let coordinator = try coordinator(withKeys ? ring.forCoordinator() : .insecureLoopback)
    let wire = try RecordingProxy(to: port(coordinator))
    defer { wire.close() }
    let worker = try worker(endpoint(wire.port), withKeys ? ring.forWorker(pair) : .insecureLoopback)
    #expect(try message(at: coordinator) == .hello(Samples.hello))
    let grant = CoordinatorMessage.grant(
      Shard(id: 1, items: [LeasedItem(lease: Samples.lease, item: Samples.item)]))
    #expect(try coordinator.send(grant, to: Samples.worker))
    #expect(try worker.receive(timeoutSeconds: 20) == grant)
    let caption = wire.received.range(of: Data(Samples.item.caption.utf8))
    #expect((caption == nil) == withKeys)
    let name = Data(wire.sent.joined()).range(of: Data(Samples.hello.host.utf8))
    #expect((name == nil) == withKeys)
  }

  /// Everything that an admitted worker ever wrote, sent once more by somebody who recorded it.
  @Test(arguments: [true, false])
  func aReplayedStreamIsHeardOnlyWhereKeysWereDeclined(withKeys: Bool) throws {
    let ring = try KeyRing(admitting: pair)
    let coordinator = try coordinator(withKeys ? ring.forCoordinator() : .insecureLoopback)
    let wire = try RecordingProxy(to: port(coordinator))
    let worker = try worker(endpoint(wire.port), withKeys ? ring.forWorker(pair) : .insecureLoopback)
    let finished = WorkerMessage.finished(Samples.receipt, inline: Data([1, 2, 3, 4, 5]))
    #expect(try worker.send(finished))
    #expect(try message(at: coordinator) == .hello(Samples.hello))
    #expect(try message(at: coordinator) == finished)
    worker.close(lingerSeconds: 0)
    wire.close()

    var heard: [WorkerMessage] = []
    // In clear it may take some tries: while the old connection stands, a second one of its name is not listened to.
    for _ in 0..<(withKeys ? 1 : 100) where heard.isEmpty {
      wire.replay(to: try port(coordinator), seconds: withKeys ? 20 : 0.2)
      while let (_, message) = try coordinator.receive(timeoutSeconds: 0.1) { heard.append(message) }
    }
    #expect(heard == (withKeys ? [] : [.hello(Samples.hello), finished]))
  }

  @Test func anotherVersionIsRefusedByTheProtocolAndHeardInNothingElse() throws {
    let ring = try KeyRing(admitting: pair)
    let coordinator = try coordinator(ring.forCoordinator())
    var hello = Samples.hello
    hello.protocolVersion = farmProtocolVersion + 1
    let link = try ZeroMQWorkerLink(
      context: ZeroMQContext(), endpoint: coordinator.endpoints[0], protection: ring.forWorker(pair),
      worker: Samples.worker, waker: Waker())
    #expect(try link.send(.hello(hello)))
    let received = try #require(try coordinator.receive(timeoutSeconds: 20))
    #expect(received.message == .hello(hello))
    var state = CoordinatorState(run: RunIdentity(name: "night", modelFingerprint: nil), policy: FarmPolicy())
    var random = SeededGenerator(seed: 1)
    _ = state.handle(.itemsLoaded([ItemEntry(Samples.item)]), now: .zero, using: &random)
    _ = state.handle(.started, now: .zero, using: &random)
    let answers = state.handle(.messageReceived(received.message, from: received.from), now: .zero, using: &random)
    let words = answers.compactMap { if case .send(let message, _) = $0 { message } else { nil } }
    guard words.count == 1, case .refused = words[0] else {
      Issue.record("\(answers)")
      return
    }
  }
}
