/// A minimum-first priority queue; insert and remove cost O(log n).
package struct BinaryHeap<Element: Comparable & Sendable>: Sendable {
  private var elements: [Element] = []

  package init() {}

  package var isEmpty: Bool { elements.isEmpty }
  package var count: Int { elements.count }
  package var first: Element? { elements.first }
  /// In no particular order.
  package var unordered: [Element] { elements }

  package mutating func insert(_ element: Element) {
    elements.append(element)
    var child = elements.count - 1
    while child > 0 {
      let parent = (child - 1) / 2
      guard elements[child] < elements[parent] else { return }
      elements.swapAt(child, parent)
      child = parent
    }
  }

  package mutating func removeFirst() -> Element {
    precondition(!elements.isEmpty, "BinaryHeap.removeFirst: empty")
    elements.swapAt(0, elements.count - 1)
    let first = elements.removeLast()
    siftDown()
    return first
  }

  /// O(n).
  package mutating func removeAll(where isUnwanted: (Element) -> Bool) {
    let kept = elements.filter { !isUnwanted($0) }
    guard kept.count != elements.count else { return }
    elements = []
    for element in kept { insert(element) }
  }

  private mutating func siftDown() {
    var parent = 0
    while true {
      var least = parent
      for child in (2 * parent + 1)...(2 * parent + 2)
      where child < elements.count && elements[child] < elements[least] {
        least = child
      }
      if least == parent { return }
      elements.swapAt(parent, least)
      parent = least
    }
  }
}
