import Foundation
import NocturneFarm
import NocturneWire
import Synchronization

/// Beats while the other threads are busy: on its own thread, over its own connection, at the negotiated interval.
/// Whether the I/O thread writes to a slow disk, or audio fills a slow line, makes no difference to it.
final class Heart: Sendable {
  /// What the I/O thread shares with its heart.
  final class Pulse: Sendable {
    private let executing = Mutex<[Lease]>([])
    let progress: ProgressCounter

    init(progress: ProgressCounter) { self.progress = progress }

    func set(executing leases: [Lease]) { executing.withLock { $0 = leases } }
    var heartbeat: Heartbeat { Heartbeat(progress: progress.value, executing: executing.withLock { $0 }) }
  }

  private let isStopped = Atomic<Bool>(false)
  private let waker = Waker()
  private let end = DispatchSemaphore(value: 0)

  /// Starts beating after one interval.
  init(
    context: ZeroMQContext, endpoint: Endpoint, protection: Protection<WorkerKeys>, worker: WorkerID, generation: Int,
    intervalSeconds: Double, pulse: Pulse
  ) {
    let thread = Thread { [self] in
      defer { end.signal() }
      // The endpoint was good for the link beside this one.
      guard
        let link = try? ZeroMQHeartLink(
          context: context, endpoint: endpoint, protection: protection, worker: worker, generation: generation)
      else { return }
      while !isStopped.load(ordering: .relaxed) {
        _ = waker.wait(seconds: intervalSeconds)
        if isStopped.load(ordering: .relaxed) { return }
        _ = link.send(pulse.heartbeat)
      }
    }
    thread.name = "heart"
    thread.start()
  }

  /// Returns when the thread has ended.
  func stop() {
    guard !isStopped.exchange(true, ordering: .relaxed) else { return }
    waker.wake()
    end.wait()
  }
}
