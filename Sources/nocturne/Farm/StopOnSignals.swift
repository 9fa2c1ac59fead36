import Dispatch
import Glibc

/// Turns SIGINT, SIGTERM and SIGHUP, which a terminal sends when it is closed, into calls of a closure, on a queue of its own:
/// the first asks to drain, the second to stop. Under `nohup` a closed terminal stops nothing.
final class StopOnSignals {
  private let sources: [any DispatchSourceSignal]

  init(_ request: @escaping @Sendable () -> Void) {
    let queue = DispatchQueue(label: "signals")
    sources = [SIGINT, SIGTERM, SIGHUP].compactMap { number in
      let former = signal(number, SIG_IGN)
      if number == SIGHUP, Self.isIgnored(former) { return nil }
      let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
      source.setEventHandler(handler: request)
      source.resume()
      return source
    }
  }

  /// Handlers of C are compared by their address.
  private static func isIgnored(_ handler: sighandler_t?) -> Bool {
    unsafeBitCast(handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
  }

  func end() {
    for source in sources { source.cancel() }
  }
}
