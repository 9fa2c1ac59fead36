import NocturneFarm
import NocturneManifest
import NocturneTesting
import Testing

@Suite struct StoryTests {
  @Test func theJournalTellsTheLifeOfAnItem() throws {
    var table = Table.open(items: 2)
    table.join("a")
    table.join("b")
    table.beat("a", executing: [lease(1, token: 1)])
    table.say(.failed(lease(1, token: 1), .itemFault, message: "it threw"), "a")
    table.pass(6)
    table.finish(lease(1, attempt: 2, token: 3), "b")
    let journal = InMemoryJournal()
    try journal.commit(table.journal)
    #expect(
      try journal.story(of: table.key(1)).map(\.transition.description) == [
        "attempt 1: leased to a in shard 1",
        "attempt 1: item-fault at a: it threw; a try is paid, next in 5 s",
        "attempt 2: leased to b in shard 3",
        "attempt 2: done by b, 44 bytes",
      ])
  }

  @Test func suspectsAndReopenedItemsSaySo() {
    let release = Release(
      failureClass: .workerFault, message: "worker silent", worker: WorkerID("a"), costsTry: false, open: true,
      shardLimit: 2)
    let key = ItemKey(row: "x", take: 1)
    #expect(
      Transition(item: key, attempt: 1, change: .released(release)).description
        == "attempt 1: worker-fault at a: worker silent; no try is paid, in a shard of at most 2")
    #expect(
      Transition(item: key, attempt: 3, change: .died(.badItem, message: "empty", worker: nil)).description
        == "attempt 3: bad-item: empty; given up")
    #expect(
      Transition(item: key, attempt: 3, change: .reopened(reason: "file is gone")).description
        == "opened again: file is gone")
  }
}
