import Foundation
import NocturneFarm
import NocturneWire
import Synchronization

/// Beats while the other threads are busy: on its own thread, over its own connection, at the negotiated interval.
///
/// The I/O thread beats too, whenever the state says so; the heart only steps in when it has not for a whole interval, as
/// when it writes to a slow disk or reads a large artifact.
final class Heart: Sendable {
  /// What the I/O thread shares with its heart.
  final class Pulse: Sendable {
    private let executing = Mutex<[Lease]>([])
    private let beats = Atomic<UInt64>(0)
    let progress: ProgressCounter

    init(progress: ProgressCounter) { self.progress = progress }

    /// The I/O thread beat by itself.
    func note() { beats.wrappingAdd(1, ordering: .relaxed) }
    var count: UInt64 { beats.load(ordering: .relaxed) }

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
      var seen = pulse.count
      while !isStopped.load(ordering: .relaxed) {
        _ = waker.wait(seconds: intervalSeconds)
        if isStopped.load(ordering: .relaxed) { return }
        if pulse.count == seen { _ = link.send(pulse.heartbeat) }
        seen = pulse.count
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
