import Foundation
import NocturneWire
import Synchronization

/// The thread that waits for the disk, so that the coordinator's does not: it settles one batch at a time, and wakes the
/// coordinator when that is done.
final class SettlingThread: Sendable {
  private enum Desk {
    /// Nothing to do. Successors: given, closed.
    case idle
    /// A batch is on the thread. Successor: done.
    case given(Batch)
    /// Its outcomes wait to be taken. Successor: idle.
    case done(Result<[OutputStore.Outcome], any Error>)
    /// The thread has ended, or does so now.
    case closed
  }

  /// The coordinator's thread lets go of it when it gives it.
  private struct Batch: @unchecked Sendable {
    let settlement: Settlement
    let collections: [OutputStore.Collection]
  }

  private let desk = Mutex(Desk.idle)
  /// Counts batches, and the closing.
  private let bell = DispatchSemaphore(value: 0)
  /// Counts batches that are done.
  private let finished = DispatchSemaphore(value: 0)
  private let waker: Waker

  init(waker: Waker) {
    self.waker = waker
    let thread = Thread { [self] in work() }
    thread.name = "store"
    thread.start()
  }

  var isIdle: Bool { desk.withLock { if case .idle = $0 { true } else { false } } }
  var isDone: Bool { desk.withLock { if case .done = $0 { true } else { false } } }

  /// - Parameter waiting: return only when the batch is done.
  func give(_ collections: [OutputStore.Collection], to settlement: Settlement, waiting: Bool) {
    let batch = Batch(settlement: settlement, collections: collections)
    desk.withLock { desk in
      guard case .idle = desk else { preconditionFailure("give: \(desk)") }
      desk = .given(batch)
    }
    bell.signal()
    if waiting {
      finished.wait()
      finished.signal()
    }
  }

  /// The outcomes of the last batch, once; empty while there are none.
  /// - Throws: what the fault injection threw.
  func take() throws -> [OutputStore.Outcome] {
    let result = desk.withLock { desk -> Result<[OutputStore.Outcome], any Error>? in
      guard case .done(let result) = desk else { return nil }
      desk = .idle
      return result
    }
    guard let result else { return [] }
    finished.wait()
    return try result.get()
  }

  /// Returns when the batch on the thread is done, and ends the thread; the outcomes may still be taken.
  func close() {
    let isBusy = desk.withLock { desk in
      switch desk {
      case .given, .done: return true
      case .idle, .closed:
        desk = .closed
        return false
      }
    }
    if isBusy {
      finished.wait()
      finished.signal()
    }
    bell.signal()
  }

  private func work() {
    while true {
      bell.wait()
      let batch = desk.withLock { desk -> Batch? in if case .given(let batch) = desk { batch } else { nil } }
      guard let batch else { return }
      let result = Result { try batch.settlement.settle(batch.collections) }
      desk.withLock { $0 = .done(result) }
      finished.signal()
      waker.wake()
    }
  }
}
