import Foundation
import NocturneFarm
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

  @Test func noiseIsDropped() throws {
    var random = SeededGenerator(seed: 1)
    for length in 0..<2_000 {
      let noise = Data((0..<length).map { _ in UInt8.random(in: 0...255, using: &random) })
      _ = try? WorkerMessage(Frames(envelope: noise))
      _ = try? CoordinatorMessage(Frames(envelope: noise))
    }
    #expect(throws: WireFault.garbage) { try WorkerMessage(Frames(envelope: Data())) }
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
