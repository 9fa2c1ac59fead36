import Dispatch
import Glibc

/// Turns SIGINT and SIGTERM into calls of a closure, on a queue of its own: the first asks to drain, the second to stop.
final class StopOnSignals {
  private let sources: [any DispatchSourceSignal]

  init(_ request: @escaping @Sendable () -> Void) {
    let queue = DispatchQueue(label: "signals")
    sources = [SIGINT, SIGTERM].map { number in
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
      source.setEventHandler(handler: request)
      source.resume()
      return source
    }
  }

  func end() {
    for source in sources { source.cancel() }
  }
}
