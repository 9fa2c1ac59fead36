import NocturneFarm
import NocturneManifest
import NocturneTesting
import Testing

/// An item that takes down every worker that renders it.
@Suite struct PoisonTests {
  /// Workers come one after the other; each renders what it is granted, and dies of a shard with the poison in it. Returns
  /// the sizes of the shards that were deadly, in order, and who paid.
  private func night(shard size: Int, poison: Int) -> (deadly: [Int], payers: [ItemKey], done: Int) {
    // Twice as many items as the shard, since shards shrink towards the end.
    var table = Table.open(items: 2 * size) { policy in
      policy.sharding = ShardingPolicy(targetSeconds: 1e9, maxItems: size, minItems: size)
      policy.credit = 1
    }
    var deadly: [Int] = []
    for number in 1...40 {
      let name = "worker-\(number)"
      table.join(name, credit: 1)
      for _ in 0..<2 * size {
        let held = table.held(name)
        if held.isEmpty { break }
        table.beat(name, executing: held)
        if held.contains(where: { $0.item == table.key(poison) }) {
          deadly.append(held.count)
          break
        }
        for lease in held { table.finish(lease, name) }
      }
      table.pass(60)
      if table.state.counts.waiting + table.state.counts.leased == 0 { break }
    }
    let payers = table.journal.compactMap { transition -> ItemKey? in
      switch transition.change {
      case .released(let release): release.costsTry ? transition.item : nil
      case .died: transition.item
      default: nil
      }
    }
    return (deadly, payers, table.state.counts.done)
  }

  @Test(arguments: [1, 2, 4, 8, 16])
  func aPoisonItemIsAloneAfterLog2OfItsShardAndPaysAlone(_ size: Int) {
    var halvings = 0
    while 1 << halvings < size { halvings += 1 }
    for poison in 1...size {
      let (deadly, payers, done) = night(shard: size, poison: poison)
      #expect(deadly.prefix { $0 > 1 }.count <= halvings, "size \(size), poison \(poison): \(deadly)")
      #expect(deadly.first == size)
      #expect(payers == Array(repeating: Item.sample(poison).key, count: 3), "size \(size), poison \(poison)")
      #expect(done == 2 * size - 1)
    }
  }
}
