package import NocturneFarm
import NocturneManifest
package import NocturneWire
import Synchronization

/// What the render thread has to say.
package enum RenderReport: Sendable {
  case finished(LeasedItem, run: String, RenderedArtifact)
  case failed(Lease, RenderFault)
  /// The render call returned.
  case ended(shard: UInt64)
}

/// Reports on their way from the render thread to the I/O thread.
package final class Mailbox: Sendable {
  private let reports = Mutex<[RenderReport]>([])
  private let waker: Waker

  package init(waker: Waker) { self.waker = waker }

  func post(_ report: RenderReport) {
    let wasEmpty = reports.withLock { reports in
      reports.append(report)
      return reports.count == 1
    }
    if wasEmpty { waker.wake() }
  }

  package func take() -> [RenderReport] {
    reports.withLock { reports in
      defer { reports = [] }
      return reports
    }
  }
}
