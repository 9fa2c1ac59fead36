import CNocturneKernels

/// Threads that share out the tiles of one operation; denormals are flushed to zero while they compute.
///
/// Tiles must not depend on how many threads there are: a result is the same for any number.
package final class ThreadPool: @unchecked Sendable {  // guard: nk_pool locks itself
  /// Including the calling thread; fewer than were asked for where the system refused some.
  package let threads: Int
  private let handle: OpaquePointer

  package init(threads: Int) {
    precondition(threads > 0, "ThreadPool: \(threads) threads")
    var (granted, handle) = (threads, nk_pool_create(Int32(threads)))
    while handle == nil, granted > 1 {
      granted /= 2
      handle = nk_pool_create(Int32(granted))
    }
    self.threads = granted
    self.handle = handle ?? MemoryRefusal.end(0)
  }

  deinit { nk_pool_destroy(handle) }

  /// Calls `body` once for each index below `count`, in any order, on any of the threads.
  package func forEach(_ count: Int, _ body: (Int) -> Void) {
    withoutActuallyEscaping(body) { body in
      withUnsafePointer(to: body) { pointer in
        nk_pool_run(handle, count, UnsafeMutableRawPointer(mutating: pointer)) { context, index in
          context?.assumingMemoryBound(to: ((Int) -> Void).self).pointee(index)
        }
      }
    }
  }

  /// Cuts `count` items into runs of `grain`.
  func forEachRun(of count: Int, grain: Int, _ body: (Range<Int>) -> Void) {
    let grain = max(grain, 1)
    forEach((count + grain - 1) / grain) { run in body(run * grain..<min((run + 1) * grain, count)) }
  }

  /// Cuts rows into runs of about `floats` floats in all.
  func forEachRows(_ rows: Int, width: Int, floats: Int = 16_384, _ body: (Range<Int>) -> Void) {
    forEachRun(of: rows, grain: floats / max(width, 1), body)
  }
}
