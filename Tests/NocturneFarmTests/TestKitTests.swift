import Foundation
import NocturneFarm
import NocturneManifest
import NocturneTesting
import Synchronization
import Testing

@Suite struct TestKitTests {
  /// FIPS 180-4 examples, and lengths around the padding's edge (digests by coreutils' sha256sum).
  @Test func digestsAreThoseOfTheStandard() {
    let cases = [
      "": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
      "abc": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
      "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq":
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
      String(repeating: "a", count: 55): "9f4390f8d30c2dd92ec9f095b65e2b9ae9b0a925a5258e241c9f1e910f734318",
      String(repeating: "a", count: 64): "ffe054fe7ae0cb6dc65c3af9b61d5209f439851db43d0ba5997337df154668eb",
    ]
    for (text, digest) in cases { #expect(SHA256Digest.hexadecimal(of: Data(text.utf8)) == digest, "\(text)") }
  }

  @Test func theHubCarriesMessagesBothWaysInOrder() {
    let hub = InProcessHub(capacity: 2)
    let link = hub.connect(WorkerID("a"))
    #expect(link.send(.ready(credit: 1)) && link.send(.goodbye))
    #expect(hub.receive(timeoutSeconds: 0)?.message == .ready(credit: 1))
    #expect(hub.receive(timeoutSeconds: 0)?.from == WorkerID("a"))
    #expect(hub.receive(timeoutSeconds: 0) == nil)
    #expect(hub.send(.heartbeat, to: WorkerID("a")) && hub.send(.drain, to: WorkerID("a")))
    #expect(!hub.send(.finished, to: WorkerID("a")), "full")
    #expect(!hub.send(.finished, to: WorkerID("b")), "unknown")
    #expect(link.receive(timeoutSeconds: 0) == .heartbeat)
    hub.disconnect(WorkerID("a"))
    #expect(link.receive(timeoutSeconds: 0) == nil)
    #expect(!link.send(.goodbye))
  }

  @Test func theHubWakesAThreadThatWaits() {
    let hub = InProcessHub()
    let link = hub.connect(WorkerID("a"))
    let thread = Thread { _ = hub.send(link.receive(timeoutSeconds: 10) ?? .finished, to: WorkerID("b")) }
    let other = hub.connect(WorkerID("b"))
    thread.start()
    #expect(hub.send(.drain, to: WorkerID("a")))
    #expect(other.receive(timeoutSeconds: 10) == .drain)
  }

  @Test func theFakeRendererDoesWhatItIsTold() throws {
    let fault = RenderFault(.itemFault, "told to")
    let items = (1...4).map { Item.sample($0) }
    let renderer = FakeRenderer(behaviours: [
      items[1].key: .fail(fault), items[2].key: .failFirst(1, fault), items[3].key: .hang,
    ])
    for round in 1...2 {
      var results: [ItemKey: Result<RenderedArtifact, RenderFault>] = [:]
      var patience = 20
      renderer.render(items) { _ in
        patience -= 1
        return patience > 0
      } finished: {
        results[$0] = $1
      }
      let data = try #require(try results[items[0].key]?.get().contents)
      #expect(try SHA256Digest.hexadecimal(of: data) == results[items[0].key]?.get().facts.sha256)
      #expect(throws: fault) { try results[items[1].key]?.get() }
      #expect(((try? results[items[2].key]?.get()) != nil) == (round == 2))
      #expect(results[items[3].key] == nil)
    }
    #expect(renderer.begun[items[0].key] == 2)
  }
}
