import CNocturneKernels
import Synchronization

/// What happens where the system refuses memory that an operation cannot do without. Operations have no way to fail: what
/// was asked of them lies half written on the stacks of several threads, and the process can only come to an end.
package enum MemoryRefusal {
  private static let handler = Mutex<(@Sendable (Int) -> Never)?>(nil)

  /// From now on `handler` is called with the bytes that were refused, on the thread that needs them. Without one the
  /// process aborts.
  package static func handle(with handler: @escaping @Sendable (_ bytes: Int) -> Never) {
    self.handler.withLock { $0 = handler }
    nk_on_refusal { bytes in MemoryRefusal.handler.withLock { $0 }?(Int(bitPattern: UInt(bytes))) }
  }

  /// For the place of memory that was refused.
  static func end<Wanted>(_ bytes: Int) -> Wanted { nk_refuse(bytes) }
}
