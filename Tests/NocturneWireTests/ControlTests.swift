import Foundation
import NocturneFarm
import NocturneManifest
import NocturneWire
import Testing

/// What operators and coordinators say to each other.
@Suite struct ControlTests {
  @Test(arguments: [
    ControlRequest.order(.pause), .order(.resume), .order(.drain), .order(.cancel(.all)),
    .order(.cancel(.named(["a", "b-t2"]))), .order(.retry(.all)), .order(.retry(.named(["a"]))),
    .order(.retry(.ended(.itemFault))), .explain("a"),
  ]) func requestsArriveAsTheyWereSent(_ request: ControlRequest) throws {
    #expect(try ControlRequest(serialized: request.serialized) == request)
  }

  @Test(arguments: [
    ControlReply.answer(.paused(atWork: 3, wasPaused: true)), .answer(.resumed(waiting: 4, wasPaused: false)),
    .answer(.draining(atWork: 0)), .answer(.standing), .answer(.cancelled(items: 5)), .answer(.retried(items: 0)),
    .answer(.refused("no such item")), .explained([]),
    .explained([
      Whereabouts(item: ItemKey(row: "a", take: 2), place: .executing, why: "b renders it", tries: 1, tryLimit: 3),
      Whereabouts(item: ItemKey(row: "b", take: 1), place: .done, why: "", tries: 0, tryLimit: nil),
    ]),
  ]) func repliesArriveAsTheyWereSent(_ reply: ControlReply) throws {
    #expect(try ControlReply(serialized: reply.serialized) == reply)
  }

  @Test func whatIsNoRequestIsNotBelieved() {
    #expect(throws: WireFault.garbage) { try ControlRequest(serialized: Data()) }
    #expect(throws: WireFault.garbage) { try ControlRequest(serialized: Data([0xff, 0xff, 0xff])) }
    let long = ControlRequest.explain(String(repeating: "x", count: WireLimits.remarkBytes + 1)).serialized
    #expect(throws: WireFault.value) { try ControlRequest(serialized: long) }
    let many = ControlRequest.order(.cancel(.named(Array(repeating: "x", count: WireLimits.leases + 1)))).serialized
    #expect(throws: WireFault.value) { try ControlRequest(serialized: many) }
    #expect(throws: WireFault.oversize) {
      try ControlRequest(serialized: Data(count: WireLimits.workerEnvelopeBytes + 1))
    }
  }

  @Test func onlyTheUserMayOpenTheSocket() throws {
    let folder = FileManager.default.temporaryDirectory.appending(
      path: "nocturne-control-\(UUID().uuidString.prefix(8))")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.appending(path: "c").path
    let waker = Waker()
    let server = try ZeroMQControlServer(path: path, waker: waker)
    let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    #expect(mode == 0o600)
    // A command waits for its reply on a thread of its own.
    let thread = Thread {
      _ = try? ZeroMQControlClient.ask(.explain("x"), at: path, patienceSeconds: 60, unless: { false })
    }
    thread.start()
    let received = try #require(server.receive(timeoutSeconds: 60))
    #expect(received.request == .explain("x"))
    server.reply(.explained([]), to: received.from)
    server.close(lingerSeconds: 5)
    #expect(throws: WireError.self) {
      try ZeroMQControlServer(path: path + String(repeating: "x", count: 200), waker: waker)
    }
  }
}
