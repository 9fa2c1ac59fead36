import CZeroMQ

/// The I/O thread and the in-process names that sockets share. Ends when its last socket is closed and forgotten.
package final class ZeroMQContext: @unchecked Sendable {
  // Unchecked: a libzmq context, unlike its sockets, may be used by any thread.
  let handle: UnsafeMutableRawPointer

  package init() {
    guard let handle = zmq_ctx_new() else { preconditionFailure("ZeroMQContext: \(lastZeroMQError())") }
    self.handle = handle
    // A thousand workers, each with a second connection for its heart.
    zmq_ctx_set(handle, ZMQ_MAX_SOCKETS, 4096)
  }

  deinit {
    while zmq_ctx_term(handle) != 0, zmq_errno() == EINTR {}
  }
}

func lastZeroMQError() -> String { String(cString: zmq_strerror(zmq_errno())) }
