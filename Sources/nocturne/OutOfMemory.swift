import Foundation
import NocturneCPU
import NocturneWire
import Synchronization

/// Where the system refuses memory that a tensor needs, a worker hands back what it has, since no item is to blame, and
/// leaves; any other command ends. Both say so in one line.
enum OutOfMemory {
  private static let worker = Mutex<StopSignal?>(nil)

  /// Who is to be told from now on; nil for nobody, and the process ends at once.
  static func tell(_ stop: StopSignal?) { worker.withLock { $0 = stop } }

  static func handle() {
    MemoryRefusal.handle { bytes in
      let message =
        "out of memory: the system refused \((bytes + 0xFFFFF) >> 20) MiB more; free some, raise the limit (ulimit -v), or "
        + "use fewer workers or --precision int8"
      guard let stop = worker.withLock({ $0 }) else {
        Terminal.remark("nocturne: \(message)")
        _exit(ExitStatus.resumable.rawValue)
      }
      stop.exhaust(message)
      // An operation is half done here: there is no way on and none back.
      while true { sleep(.max) }
    }
  }
}
