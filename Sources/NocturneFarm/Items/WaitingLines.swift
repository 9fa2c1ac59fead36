/// Items that wait to be granted at once, in one line for each batch key, in manifest order.
struct WaitingLines: Sendable {
  private var lines: [Line] = []
  /// The head of each line, and heads that were: an entry counts only while it is its line's head.
  private var heads = BinaryHeap<Head>()

  private struct Head: Comparable {
    let position: Int
    let batch: Int

    static func < (left: Head, right: Head) -> Bool { left.position < right.position }
  }

  private struct Line: Sendable {
    /// Never granted yet, ascending; those before `next` are gone.
    var fresh: [Int32] = []
    var next = 0
    /// Came back, descending, so that the first in manifest order is taken off the end.
    var returned: [Int32] = []

    var head: Int32? {
      let fresh = next < self.fresh.count ? self.fresh[next] : nil
      guard let back = returned.last else { return fresh }
      return fresh.map { Swift.min($0, back) } ?? back
    }

    mutating func removeHead() {
      if let back = returned.last, back == head { returned.removeLast() } else { next += 1 }
    }
  }

  /// Appends an item that was never granted; positions ascend.
  mutating func append(_ position: Int, batch: Int) {
    while lines.count <= batch { lines.append(Line()) }
    let wasHead = lines[batch].head
    lines[batch].fresh.append(Int32(position))
    enterHead(of: batch, unless: wasHead)
  }

  /// Puts an item back to its place in the order. O(log n) to find, O(n of returned ones) to insert.
  mutating func putBack(_ position: Int, batch: Int) {
    while lines.count <= batch { lines.append(Line()) }
    let wasHead = lines[batch].head
    lines[batch].returned.insert(Int32(position), at: lines[batch].returned.firstIndexDescending(Int32(position)))
    enterHead(of: batch, unless: wasHead)
  }

  /// Takes an item out wherever it stands among the returned ones; false when it is not there (fresh items stay).
  mutating func remove(_ position: Int, batch: Int) -> Bool {
    guard batch < lines.count else { return false }
    let index = lines[batch].returned.firstIndexDescending(Int32(position))
    guard index < lines[batch].returned.count, lines[batch].returned[index] == Int32(position) else { return false }
    let wasHead = lines[batch].head
    lines[batch].returned.remove(at: index)
    enterHead(of: batch, unless: wasHead)
    return true
  }

  /// Takes all of these out that are here. O(n).
  mutating func remove(_ unwanted: Set<Int>) {
    for batch in lines.indices {
      let wasHead = lines[batch].head
      lines[batch].fresh = lines[batch].fresh[lines[batch].next...].filter { !unwanted.contains(Int($0)) }
      lines[batch].next = 0
      lines[batch].returned.removeAll { unwanted.contains(Int($0)) }
      enterHead(of: batch, unless: wasHead)
    }
  }

  /// How many items stand before this one in manifest order. O(n).
  func count(before position: Int) -> Int {
    lines.reduce(0) { sum, line in
      sum + line.fresh[line.next...].prefix { $0 < Int32(position) }.count
        + line.returned.reversed().prefix { $0 < Int32(position) }.count
    }
  }

  /// The batch key whose turn it is: that of the first item in manifest order.
  mutating func nextBatch() -> Int? {
    while let head = heads.first {
      if lines[head.batch].head == Int32(head.position) { return head.batch }
      _ = heads.removeFirst()
    }
    return nil
  }

  /// Up to `count` items of one batch key, in manifest order.
  mutating func take(_ count: Int, batch: Int) -> [Int] {
    var taken: [Int] = []
    while taken.count < count, let head = lines[batch].head {
      lines[batch].removeHead()
      taken.append(Int(head))
    }
    enterHead(of: batch, unless: nil)
    return taken
  }

  /// Everything that waits here, for the invariants. O(n).
  var all: [Int] {
    lines.flatMap { line in line.fresh[line.next...].map(Int.init) + line.returned.map(Int.init) }
  }

  private mutating func enterHead(of batch: Int, unless known: Int32?) {
    if let head = lines[batch].head, head != known { heads.insert(Head(position: Int(head), batch: batch)) }
  }
}

extension [Int32] {
  /// The first index whose element is not larger; the array descends.
  fileprivate func firstIndexDescending(_ value: Int32) -> Int {
    var low = 0
    var high = count
    while low < high {
      let middle = (low + high) / 2
      if self[middle] > value { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
