import Foundation
import NocturneFarm
import NocturneManifest
import NocturneWire
import Testing

@Suite struct HostileFrameTests {
  /// 20,000 seeded mutations of good envelopes: each is read or dropped, none traps, and what is read is within bounds.
  @Test func mutatedEnvelopesNeverTrap() throws {
    var random = SeededGenerator(seed: 20_260_301)
    let good = Samples.workerMessages.map { $0.frames() } + Samples.coordinatorMessages.map { $0.frames() }
    var read = 0
    var dropped = DroppedMessages()
    for _ in 0..<20_000 {
      let original = good[Int.random(in: 0..<good.count, using: &random)]
      let frames = Frames(
        envelope: mutate(original.envelope, using: &random),
        payload: Bool.random(using: &random) ? original.payload : Data([0]))
      do {
        let message = try WorkerMessage(frames)
        read += 1
        if case .finished(let receipt, _) = message { #expect(isSafeFileName(receipt.fileName)) }
      } catch {
        dropped.count(error)
      }
      do { _ = try CoordinatorMessage(Frames(envelope: frames.envelope)) } catch { dropped.count(error) }
    }
    #expect(read > 0)
    #expect(dropped.total > 20_000)
    #expect(dropped.counts.keys.contains(.garbage))
    #expect(dropped.counts.keys.contains(.value))
  }

  /// Two bytes each on the wire, a hundred and more in memory: the list is counted before it is parsed, and what is wrong
  /// at its end is never met.
  @Test func aListOfEmptyLeasesIsDroppedUnparsed() throws {
    func envelope(field: UInt8, of list: UInt8, count: Int) -> Data {
      var length = Data()
      var rest = 2 * count
      while rest > 0 {
        length.append(UInt8(rest & 0x7F) | (rest > 0x7F ? 0x80 : 0))
        rest >>= 7
      }
      let empty = Data([field << 3 | 2, 0])
      return Data([0x08, UInt8(farmProtocolVersion), list << 3 | 2]) + length
        + (1..<count).reduce(into: Data()) { data, _ in data += empty } + Data([field << 3 | 2, 99])
    }
    // `returned` and `revoke`: each a list of leases.
    let many = WireLimits.leases + 1_000
    #expect(throws: WireFault.value) { try WorkerMessage(Frames(envelope: envelope(field: 1, of: 8, count: many))) }
    #expect(throws: WireFault.value) {
      try CoordinatorMessage(Frames(envelope: envelope(field: 1, of: 8, count: many)))
    }
    let leases = Array(repeating: Samples.lease, count: 60_000)
    #expect(try WorkerMessage(WorkerMessage.returned(leases).frames()) == .returned(leases))
  }

  @Test func noiseIsDropped() throws {
    var random = SeededGenerator(seed: 1)
    for length in 0..<2_000 {
      let noise = Data((0..<length).map { _ in UInt8.random(in: 0...255, using: &random) })
      _ = try? WorkerMessage(Frames(envelope: noise))
      _ = try? CoordinatorMessage(Frames(envelope: noise))
    }
    #expect(throws: WireFault.garbage) { try WorkerMessage(Frames(envelope: Data())) }
  }

  /// Escape sequences, markup, line breaks, what turns the direction of writing: eight bytes each.
  private static let hostile = [
    "\u{1b}[31mred", "<b>bold<", "two\nline", "a\u{202e}bcde", "a\u{2028}bcde", "quote'\"s", "c1\u{9b}31mx",
  ]

  /// What a worker says of itself goes to status, records and logs. An honest one is cleaned before it is sent, so the
  /// bytes are changed on their way.
  @Test(arguments: hostile)
  func aWorkerCannotWriteOnTheOperatorsTerminal(_ text: String) throws {
    let mark = "MARKMARK"
    var hellos = [Samples.hello, Samples.hello, Samples.hello, Samples.hello, Samples.hello]
    hellos[0].host = mark
    hellos[1].build = mark
    hellos[2].numericClass = mark
    hellos[3].modelFingerprint = mark
    hellos[4].tags = ["night", mark]
    var receipts = [Samples.receipt, Samples.receipt, Samples.receipt, Samples.receipt]
    receipts[0].numericClass = mark
    receipts[1].modelFingerprint = mark
    receipts[2].stageSeconds = [mark: 1]
    receipts[3].fileName = mark
    let messages = hellos.map(WorkerMessage.hello) + receipts.map { .finished($0, inline: nil) }
    for message in messages {
      var frames = message.frames()
      #expect(try WorkerMessage(frames) == message)
      let place = try #require(frames.envelope.range(of: Data(mark.utf8)))
      frames.envelope.replaceSubrange(place, with: Data(text.utf8))
      // A file name may hold quotation marks and brackets: it is an id of the manifest, or the result is refused.
      if case .finished(let receipt, _) = message, receipt.fileName == mark,
        text.utf8.allSatisfy({ $0 > 0x1f && $0 < 0x7f })
      {
        continue
      }
      #expect(throws: WireFault.value) { try WorkerMessage(frames) }
    }
  }

  @Test(arguments: hostile)
  func remarksOfWorkersAreOnePlainLine(_ text: String) throws {
    var receipt = Samples.receipt
    receipt.notes = [text]
    guard case .finished(let read, _) = try WorkerMessage(WorkerMessage.finished(receipt, inline: nil).frames()),
      case .failed(_, _, let message) = try WorkerMessage(
        WorkerMessage.failed(Samples.lease, .itemFault, message: text).frames())
    else {
      Issue.record("another message")
      return
    }
    for line in [read.notes[0], message] {
      #expect(!line.unicodeScalars.contains { $0.value < 0x20 || $0 == "<" || $0 == ">" || $0.value == 0x9b })
      #expect(!line.unicodeScalars.contains { [0x202e, 0x2028].contains($0.value) })
      #expect(!line.isEmpty)
    }
  }

  /// What a coordinator asks for must not make a worker trap, spin or swell.
  @Test func senselessGrantsAndWelcomesAreDropped() throws {
    for (seconds, guidance, steps) in [
      (1e300, 2.5, 5), (-1, 2.5, 5), (.nan, 2.5, 5), (10, 1e9, 5), (10, 2.5, 1_000_000),
    ] {
      let item = Item(
        key: Samples.item.key, caption: "x",
        spec: RenderSpec(steps: steps, guidance: guidance, seconds: seconds, schedule: .linear, format: .flac), seed: 1,
        fileName: "x.flac")
      let grant = CoordinatorMessage.grant(Shard(id: 1, items: [LeasedItem(lease: Samples.lease, item: item)]))
      #expect(throws: WireFault.value, "\(seconds) \(guidance) \(steps)") { try CoordinatorMessage(grant.frames()) }
    }
    for (run, heartbeat, timeout) in [
      ("night", 0.0, 20.0), ("night", 1e-9, 20), ("night", 2, 1e300), ("../night", 2, 20),
    ] {
      let welcome = CoordinatorMessage.welcome(run: run, heartbeatSeconds: heartbeat, timeoutSeconds: timeout)
      #expect(throws: WireFault.value, "\(welcome)") { try CoordinatorMessage(welcome.frames()) }
    }
  }

  private func mutate(_ data: Data, using random: inout SeededGenerator) -> Data {
    var bytes = Array(data)
    for _ in 0..<Int.random(in: 1...4, using: &random) {
      switch Int.random(in: 0..<5, using: &random) {
      case 0 where !bytes.isEmpty:
        bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
      case 1 where !bytes.isEmpty: bytes.remove(at: Int.random(in: 0..<bytes.count, using: &random))
      case 2:
        bytes.insert(UInt8.random(in: 0...255, using: &random), at: Int.random(in: 0...bytes.count, using: &random))
      case 3: bytes.removeLast(Int.random(in: 0...bytes.count, using: &random))
      default:
        let start = Int.random(in: 0...bytes.count, using: &random)
        bytes.append(contentsOf: bytes[start...].prefix(40))
      }
    }
    return Data(bytes)
  }
}
