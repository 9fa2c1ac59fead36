import CZeroMQ
import Foundation
import NocturneFarm
import NocturneWire
import Testing

@Suite struct LinkTests {
  private let context = ZeroMQContext()
  private let waker = Waker()
  private let folder = Folder()

  private func socketPath() -> Endpoint { folder.socket() }

  private func message(on link: ZeroMQCoordinatorLink) throws -> (from: WorkerID, message: WorkerMessage)? {
    try link.receive(timeoutSeconds: 5)
  }

  @Test(arguments: [true, false])
  func messagesTravelBothWays(overTCP: Bool) throws {
    let endpoint = overTCP ? try Endpoint("tcp://127.0.0.1:*") : socketPath()
    let coordinator = try ZeroMQCoordinatorLink(
      context: context, endpoints: [endpoint], protection: .insecureLoopback, waker: waker)
    let worker = try ZeroMQWorkerLink(
      context: context, endpoint: coordinator.endpoints[0], protection: .insecureLoopback, worker: Samples.worker,
      waker: Waker())
    for sent in Samples.workerMessages {
      #expect(try worker.send(sent))
      let received = try #require(try message(on: coordinator))
      #expect(received.from == Samples.worker)
      #expect(received.message == sent)
    }
    // The last one was its goodbye.
    #expect(try worker.send(.ready(credit: 2)))
    #expect(try message(on: coordinator) != nil)
    for sent in Samples.coordinatorMessages {
      #expect(try coordinator.send(sent, to: Samples.worker))
      #expect(try worker.receive(timeoutSeconds: 5) == sent)
    }
    #expect(coordinator.dropped.total == 0)
  }

  @Test func sendingToAnUnknownWorkerSaysSo() throws {
    let coordinator = try ZeroMQCoordinatorLink(context: context, endpoints: [socketPath()], waker: waker)
    #expect(try coordinator.send(.heartbeat, to: WorkerID("nobody")) == false)
  }

  @Test func sendingToAWorkerThatLeftSaysSo() throws {
    let endpoint = socketPath()
    let coordinator = try ZeroMQCoordinatorLink(context: context, endpoints: [endpoint], waker: waker)
    var worker: ZeroMQWorkerLink? = try ZeroMQWorkerLink(
      context: context, endpoint: endpoint, worker: Samples.worker, waker: Waker())
    #expect(try worker?.send(.returned([])) == true)
    #expect(try message(on: coordinator)?.message == .returned([]))
    worker?.close(lingerSeconds: 0)
    worker = nil
    var left = true
    for _ in 0..<500 where left {
      left = try coordinator.send(.heartbeat, to: Samples.worker)
      if left { _ = try coordinator.receive(timeoutSeconds: 0.01) }
    }
    #expect(!left)
  }

  @Test func aWorkerThatSaidGoodbyeIsForgotten() throws {
    let endpoint = socketPath()
    let coordinator = try ZeroMQCoordinatorLink(context: context, endpoints: [endpoint], waker: waker)
    let worker = try ZeroMQWorkerLink(context: context, endpoint: endpoint, worker: Samples.worker, waker: Waker())
    #expect(try worker.send(.returned([])))
    #expect(try message(on: coordinator) != nil)
    #expect(try coordinator.send(.heartbeat, to: Samples.worker))
    #expect(try worker.send(.goodbye))
    #expect(try message(on: coordinator)?.message == .goodbye)
    #expect(try coordinator.send(.heartbeat, to: Samples.worker) == false, "names of the departed fill the memory")
  }

  @Test func occupiedPortIsReportedAsSuch() throws {
    let first = try ZeroMQCoordinatorLink(
      context: context, endpoints: [try Endpoint("tcp://127.0.0.1:*")], protection: .insecureLoopback, waker: waker)
    let error = try #require(throws: WireError.self) {
      try ZeroMQCoordinatorLink(
        context: context, endpoints: first.endpoints, protection: .insecureLoopback, waker: waker)
    }
    #expect(error.code == .addressInUse)
    #expect(error.exitStatus == 69)
  }

  @Test func livingSocketFileIsNotStolen() throws {
    let endpoint = socketPath()
    let first = try ZeroMQCoordinatorLink(context: context, endpoints: [endpoint], waker: waker)
    let error = try #require(throws: WireError.self) {
      try ZeroMQCoordinatorLink(context: context, endpoints: [endpoint], waker: waker)
    }
    #expect(error.code == .addressInUse)
    first.close(lingerSeconds: 0)
  }

  @Test func deadSocketFileIsTakenOver() throws {
    guard case .ipc(let path) = socketPath() else { return }
    #expect(FileManager.default.createFile(atPath: path, contents: nil))
    let link = try ZeroMQCoordinatorLink(context: context, endpoints: [.ipc(path: path)], waker: waker)
    link.close(lingerSeconds: 0)
  }

  @Test func missingDirectoryOfASocketIsReported() throws {
    let error = try #require(throws: WireError.self) {
      try ZeroMQCoordinatorLink(context: context, endpoints: [.ipc(path: "/nonexistent/x.sock")], waker: waker)
    }
    #expect(error.code == .cannotBind)
    #expect(error.exitStatus == 69)
  }

  @Test func wakerEndsTheWait() throws {
    let coordinator = try ZeroMQCoordinatorLink(context: context, endpoints: [socketPath()], waker: waker)
    let waker = waker
    Thread.detachNewThread { waker.wake() }
    let start = ContinuousClock.now
    #expect(try coordinator.receive(timeoutSeconds: 60) == nil)
    #expect(ContinuousClock.now - start < .seconds(30))
  }

  @Test func heartSpeaksForItsWorkerAndSaysNothingElse() throws {
    let endpoint = socketPath()
    let coordinator = try ZeroMQCoordinatorLink(context: context, endpoints: [endpoint], waker: waker)
    let heart = try ZeroMQHeartLink(context: context, endpoint: endpoint, worker: Samples.worker)
    let beat = Heartbeat(progress: 3, executing: [Samples.lease])
    var sent = false
    for _ in 0..<500 where !sent {
      sent = heart.send(beat)
      if !sent { _ = try coordinator.receive(timeoutSeconds: 0.01) }
    }
    let received = try #require(try message(on: coordinator))
    #expect(received.from == Samples.worker)
    #expect(received.message == .heartbeat(beat))
  }

  @Test func newLinkOfTheSameWorkerIsAnsweredThoughTheOldOneStillStands() throws {
    let endpoint = socketPath()
    let coordinator = try ZeroMQCoordinatorLink(context: context, endpoints: [endpoint], waker: waker)
    let links = try (0..<2).map {
      try ZeroMQWorkerLink(
        context: context, endpoint: endpoint, worker: Samples.worker, generation: $0, waker: Waker())
    }
    for link in links {
      #expect(try link.send(.hello(Samples.hello)))
      #expect(try message(on: coordinator)?.message == .hello(Samples.hello))
    }
    #expect(try coordinator.send(.drain, to: Samples.worker))
    #expect(try links[1].receive(timeoutSeconds: 5) == .drain)
    #expect(try links[0].receive(timeoutSeconds: 0) == nil)
  }

  /// Raw libzmq peers that speak nonsense; a good worker beside them is served as if they were not there.
  @Test func hostileFramesAreCountedAndTheGoodWorkerIsServed() throws {
    let endpoint = socketPath()
    let coordinator = try ZeroMQCoordinatorLink(context: context, endpoints: [endpoint], waker: waker)
    let good = WorkerMessage.goodbye.frames().envelope
    // No routing id of ours.
    try RawPeer(endpoint: endpoint, routingID: nil).send([good])
    // A worker's name, but nonsense after it; too many frames; a hello in another's name; talk on the heart's line.
    let peer = try RawPeer(endpoint: endpoint, routingID: Array("evil".utf8) + [2] + Array("0".utf8))
    peer.send([Data("garbage".utf8)])
    peer.send([good, Data(), Data(), Data()])
    peer.send([WorkerMessage.hello(Samples.hello).frames().envelope])
    try RawPeer(endpoint: endpoint, routingID: Array("evil".utf8) + [3] + Array("0".utf8)).send([good])

    let worker = try ZeroMQWorkerLink(context: context, endpoint: endpoint, worker: Samples.worker, waker: Waker())
    #expect(try worker.send(.hello(Samples.hello)))
    var served = false
    for _ in 0..<500 where !served || coordinator.dropped.total < 5 {
      guard let received = try coordinator.receive(timeoutSeconds: 0.01) else { continue }
      #expect(received.from == Samples.worker)
      served = true
    }
    #expect(served)
    #expect(coordinator.dropped.counts == [.sender: 3, .garbage: 1, .frameCount: 1])
  }

  @Test func oversizedFrameEndsThatConnectionOnly() throws {
    let endpoint = socketPath()
    let coordinator = try ZeroMQCoordinatorLink(context: context, endpoints: [endpoint], waker: waker)
    let peer = try RawPeer(endpoint: endpoint, routingID: Array("evil".utf8) + [2] + Array("0".utf8))
    peer.send([Data(count: WireLimits.workerEnvelopeBytes + WireLimits.curveBytes + 1)])
    let worker = try ZeroMQWorkerLink(context: context, endpoint: endpoint, worker: Samples.worker, waker: Waker())
    #expect(try worker.send(.ready(credit: 1)))
    #expect(try message(on: coordinator)?.message == .ready(credit: 1))
    #expect(try coordinator.receive(timeoutSeconds: 0.05) == nil)
  }
}

/// A peer that sends whatever it is given.
private final class RawPeer {
  private let context = zmq_ctx_new()
  private let socket: UnsafeMutableRawPointer?

  init(endpoint: Endpoint, routingID: [UInt8]?) throws {
    socket = zmq_socket(context, ZMQ_DEALER)
    if let routingID { zmq_setsockopt(socket, ZMQ_ROUTING_ID, routingID, routingID.count) }
    try #require(zmq_connect(socket, endpoint.description) == 0)
  }

  func send(_ parts: [Data]) {
    for (index, part) in parts.enumerated() {
      _ = part.withUnsafeBytes { zmq_send(socket, $0.baseAddress, $0.count, index + 1 < parts.count ? ZMQ_SNDMORE : 0) }
    }
  }

  deinit {
    var linger: Int32 = 2_000
    zmq_setsockopt(socket, ZMQ_LINGER, &linger, 4)
    zmq_close(socket)
    zmq_ctx_term(context)
  }
}
