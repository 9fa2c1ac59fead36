import Foundation
package import NocturneFarm
package import NocturneWire
import Synchronization

/// Beats while the other threads are busy: on its own thread, over its own connection, at the negotiated interval.
/// Whether the I/O thread writes to a slow disk, or audio fills a slow line, makes no difference to it.
package final class Heart: Sendable {
  /// What the I/O thread shares with its heart.
  package final class Pulse: Sendable {
    private let executing = Mutex<[Lease]>([])
    let progress: ProgressCounter

    package init(progress: ProgressCounter) { self.progress = progress }

    func set(executing leases: [Lease]) { executing.withLock { $0 = leases } }
    var heartbeat: Heartbeat { Heartbeat(progress: progress.value, executing: executing.withLock { $0 }) }
  }

  private let isStopped = Atomic<Bool>(false)
  private let isBroken = Atomic<Bool>(false)
  private let interval: Atomic<UInt64>
  private let waker = Waker()
  private let end = DispatchSemaphore(value: 0)

  /// False when it could not connect: then somebody else has to beat.
  package var isBeating: Bool { !isBroken.load(ordering: .relaxed) }

  /// Starts beating after one interval.
  package init(
    context: ZeroMQContext, endpoint: Endpoint, protection: Protection<WorkerKeys>, worker: WorkerID, generation: Int,
    intervalSeconds: Double, pulse: Pulse
  ) {
    interval = Atomic(intervalSeconds.bitPattern)
    let thread = Thread { [self] in
      defer { end.signal() }
      guard
        let link = try? ZeroMQHeartLink(
          context: context, endpoint: endpoint, protection: protection, worker: worker, generation: generation)
      else {
        // The endpoint was good for the link beside this one, and is so no more.
        isBroken.store(true, ordering: .relaxed)
        return
      }
      while !isStopped.load(ordering: .relaxed) {
        _ = waker.wait(seconds: Double(bitPattern: interval.load(ordering: .relaxed)))
        if isStopped.load(ordering: .relaxed) { return }
        _ = link.send(pulse.heartbeat)
      }
    }
    thread.name = "heart"
    thread.start()
  }

  /// At another interval from now on: a coordinator that was started again may have been told another.
  package func beat(everySeconds seconds: Double) {
    guard interval.exchange(seconds.bitPattern, ordering: .relaxed) != seconds.bitPattern else { return }
    waker.wake()
  }

  /// Returns when the thread has ended.
  package func stop() {
    guard !isStopped.exchange(true, ordering: .relaxed) else { return }
    waker.wake()
    end.wait()
  }
}
