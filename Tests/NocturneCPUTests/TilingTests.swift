import Foundation
import NocturneCPU
import Synchronization
import Testing

@Suite struct TilingTests {
  /// Every pair of row and column unit belongs to exactly one task.
  @Test(arguments: [1, 2, 16], [nil, 64])
  func aPlanCoversEveryRowAndUnitOnce(threads: Int, fixedRows: Int?) {
    for rows in [0, 1, 13, 14, 15, 140, 141, 5120] {
      for units in [1, 3, 24, 104] {
        let plan = ProductPlan(
          rows: rows, rowBytes: 1600, haloBytes: 300,
          bounds: TileBounds(blockRows: 14, mostBlocks: 10, mostBytes: 400_000), fixedRows: fixedRows, units: units,
          threads: threads)
        var covered = [Int](repeating: 0, count: rows * units)
        for task in 0..<plan.tasks {
          for row in plan.rows(plan.tile(task), of: rows) {
            for unit in plan.units(task, of: units) { covered[row * units + unit] += 1 }
          }
        }
        #expect(covered.allSatisfy { $0 == 1 }, "\(rows) rows, \(units) units: \(plan)")
        #expect(fixedRows == nil || plan.tileRows == fixedRows)
      }
    }
  }

  @Test(arguments: [1, 2, 5])
  func thePoolDoesEveryTileOnce(threads: Int) {
    let pool = ThreadPool(threads: threads)
    for count in [0, 1, 2, 3, 100, 1000] {
      let calls = Mutex([Int](repeating: 0, count: count))
      pool.forEach(count) { index in calls.withLock { $0[index] += 1 } }
      #expect(calls.withLock { $0 } == [Int](repeating: 1, count: count))
    }
  }

  /// Neighbours are one thread's, until it helps another: the caller begins with the first half, its helper with the second.
  @Test func aThreadTakesNeighboursBeforeItHelpsAnother() {
    let (pool, half, caller) = (ThreadPool(threads: 2), 20, pthread_self())
    let taken = Mutex((caller: [Int](), helper: [Int]()))
    for _ in 0..<50 {
      pool.forEach(2 * half) { tile in
        let own = pthread_equal(pthread_self(), caller) != 0
        taken.withLock { if own { $0.caller.append(tile) } else { $0.helper.append(tile) } }
        usleep(100)
      }
      let (first, second) = taken.withLock { tiles in
        defer { tiles = ([], []) }
        return (tiles.caller, tiles.helper)
      }
      #expect((first + second).sorted() == Array(0..<2 * half))
      #expect(first == first.filter { $0 < half } + first.filter { $0 >= half })
      #expect(second == second.filter { $0 >= half } + second.filter { $0 < half })
    }
  }

  private final class Total: Sendable {
    let value = Mutex(0)
  }

  @Test func aBusyPoolStillServesOtherCallers() async {
    let (pool, total) = (ThreadPool(threads: 3), Total())
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<8 {
        group.addTask {
          for _ in 0..<200 { pool.forEach(20) { index in total.value.withLock { $0 += index } } }
        }
      }
    }
    #expect(total.value.withLock { $0 } == 8 * 200 * 190)
  }

  @Test func aTileMayUseThePoolItself() {
    let pool = ThreadPool(threads: 2)
    let total = Mutex(0)
    pool.forEach(10) { _ in pool.forEach(10) { index in total.withLock { $0 += index } } }
    #expect(total.withLock { $0 } == 450)
  }
}
