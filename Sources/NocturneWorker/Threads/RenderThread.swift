import Foundation
package import NocturneFarm
import NocturneManifest
import Synchronization

/// The thread on which everything is rendered, one shard after the other; it lives as long as the worker.
package final class RenderThread: Sendable {
  private struct Order: Sendable {
    var shard: Shard
    var run: String
  }

  private struct Desk: Sendable {
    /// Not begun yet.
    var order: Order?
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

  package init(renderer: any Renderer, mailbox: Mailbox, progress: ProgressCounter) {
    self.renderer = renderer
    self.mailbox = mailbox
    self.progress = progress
    let thread = Thread { [self] in work() }
    thread.name = "render"
    // Deep call chains of the model code have room; the rest is never touched.
    thread.stackSize = 16 << 20
    thread.start()
  }

  /// Whoever orders has heard that the last shard ended.
  package func render(_ shard: Shard, run: String) {
    desk.withLock { $0.order = Order(shard: shard, run: run) }
    bell.signal()
  }

  /// Makes the render call of this shard return early; its end is told also if it was never begun.
  package func callOff(_ shard: UInt64) {
    let wasWaiting = desk.withLock { desk in
      if desk.current == shard { desk.isCalledOff = true }
      guard desk.order?.shard.id == shard else { return false }
      desk.order = nil
      return true
    }
    if wasWaiting { mailbox.post(.ended(shard: shard)) }
  }

  /// Calls everything off and ends the thread.
  /// - Returns: whether it ended within `seconds`; a renderer that does not listen may take longer.
  package func close(waitingSeconds seconds: Double) -> Bool {
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
        guard !desk.isClosed, let order = desk.order else { return (nil, desk.isClosed) }
        desk.order = nil
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
