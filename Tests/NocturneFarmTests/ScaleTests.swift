import Foundation
import NocturneFarm
import NocturneManifest
import NocturneTesting
import Testing

@Suite struct ScaleTests {
  /// Resident bytes of this process.
  private func resident() throws -> Int {
    let fields = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8).split(separator: " ")
    return (Int(fields[1]) ?? 0) * 4096
  }

  @Test func aMillionItemsFitInTwoHundredBytesEach() throws {
    var state = CoordinatorState(run: RunIdentity(name: "night", modelFingerprint: nil), policy: FarmPolicy())
    var random = SeededGenerator(seed: 1)
    let before = try resident()
    let batch = BatchKey(RenderSpec())
    for start in stride(from: 0, to: 1_000_000, by: 10_000) {
      let entries = (start..<start + 10_000).map { ItemEntry(key: ItemKey(row: "\($0)", take: 1), batch: batch) }
      _ = state.handle(.itemsLoaded(entries), now: .zero, using: &random)
    }
    _ = state.handle(.started, now: .zero, using: &random)
    let bytes = try resident() - before
    #expect(bytes < 200_000_000, "\(bytes / 1_000_000) bytes an item")
    let told = state.handle(.messageReceived(.hello(.sample("a")), from: WorkerID("a")), now: .zero, using: &random)
    #expect(told.grants.count == 2)
    #expect(state.counts == ItemCounts(waiting: 999_998, leased: 2))
  }
}
