import Foundation
import NocturneFarm
import NocturneManifest
import Synchronization

/// The thread on which everything is rendered, one shard after the other; it lives as long as the worker.
final class RenderThread: Sendable {
  private struct Order: Sendable {
    var shard: Shard
    var run: String
  }

  private struct Desk: Sendable {
    var orders: [Order] = []
    /// Shard on the thread now.
    var current: UInt64?
    var isCalledOff = false
    var isClosed = false
    var hasEnded = false
  }

  private let renderer: any Renderer
  private let mailbox: Mailbox
  private let progress: ProgressCounter
  private let desk = Mutex(Desk())
  /// Counts orders, and the closing.
  private let bell = DispatchSemaphore(value: 0)
  private let end = DispatchSemaphore(value: 0)

  init(renderer: any Renderer, mailbox: Mailbox, progress: ProgressCounter) {
    self.renderer = renderer
    self.mailbox = mailbox
    self.progress = progress
    let thread = Thread { [self] in work() }
    thread.name = "render"
    // Deep call chains of the model code have room; the rest is never touched.
    thread.stackSize = 16 << 20
    thread.start()
  }

  func render(_ shard: Shard, run: String) {
    desk.withLock { $0.orders.append(Order(shard: shard, run: run)) }
    bell.signal()
  }

  /// Makes the render call of this shard return early.
  func callOff(_ shard: UInt64) {
    desk.withLock { desk in
      if desk.current == shard { desk.isCalledOff = true }
      desk.orders.removeAll { $0.shard.id == shard }
    }
  }

  /// Calls everything off and ends the thread.
  /// - Returns: whether it ended within `seconds`; a renderer that does not listen may take longer.
  func close(waitingSeconds seconds: Double) -> Bool {
    let isNew = desk.withLock { desk in
      desk.isCalledOff = true
      defer { desk.isClosed = true }
      return !desk.isClosed
    }
    if isNew { bell.signal() }
    return end.wait(timeout: .now() + seconds) == .success
  }

  private func work() {
    while true {
      bell.wait()
      let (order, isClosed) = desk.withLock { desk -> (Order?, Bool) in
        if desk.isClosed || desk.orders.isEmpty { return (nil, desk.isClosed) }
        let order = desk.orders.removeFirst()
        desk.current = order.shard.id
        desk.isCalledOff = false
        return (order, false)
      }
      if isClosed { break }
      guard let order else { continue }
      perform(order)
      desk.withLock { $0.current = nil }
      mailbox.post(.ended(shard: order.shard.id))
    }
    end.signal()
  }

  private func perform(_ order: Order) {
    let leased = Dictionary(order.shard.items.map { ($0.item.key, $0) }) { first, _ in first }
    renderer.render(
      order.shard.items.map(\.item),
      progress: { amount in
        progress.add(amount)
        return desk.withLock { !$0.isCalledOff }
      },
      finished: { key, result in
        guard let item = leased[key] else {
          preconditionFailure("RenderThread: the renderer reported \(key), which is not in shard \(order.shard.id)")
        }
        progress.add(1)
        switch result {
        case .success(let artifact): mailbox.post(.finished(item, run: order.run, artifact))
        case .failure(let fault): mailbox.post(.failed(item.lease, fault))
        }
      })
  }
}
