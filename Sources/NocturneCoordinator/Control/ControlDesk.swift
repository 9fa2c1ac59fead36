import Foundation
import NocturneFarm
import NocturneWire
import Synchronization

/// Takes in what operators ask, on a thread of its own beside the coordinator's, and hands the replies out.
final class ControlDesk: Sendable {
  struct Inquiry: Sendable {
    let ticket: OrderTicket
    let request: ControlRequest
  }

  private struct Books {
    var inquiries: [Inquiry] = []
    var askers: [OrderTicket: ZeroMQControlServer.Peer] = [:]
    var replies: [(ControlReply, to: ZeroMQControlServer.Peer)] = []
    var tickets: UInt64 = 0
    var isClosed = false
  }

  private let books = Mutex(Books())
  private let waker = Waker()
  private let coordinator: Waker
  private let end = DispatchSemaphore(value: 0)

  /// How long the last replies may take to leave.
  private static let lingerSeconds = 1.0

  /// Listens as soon as it returns.
  /// - Parameter waker: woken for each inquiry.
  /// - Throws: `WireError`.
  init(path: String, waking waker: Waker) throws(WireError) {
    coordinator = waker
    let opened = Mutex<Result<Void, WireError>?>(nil)
    let isOpen = DispatchSemaphore(value: 0)
    // A ZeroMQ socket stays on the thread that made it.
    let thread = Thread { [self] in
      let server: ZeroMQControlServer
      do throws(WireError) {
        server = try ZeroMQControlServer(path: path, waker: self.waker)
      } catch {
        opened.withLock { $0 = .failure(error) }
        isOpen.signal()
        return
      }
      opened.withLock { $0 = .success(()) }
      isOpen.signal()
      serve(server)
      end.signal()
    }
    thread.name = "control"
    thread.start()
    isOpen.wait()
    try opened.withLock { $0 }?.get()
  }

  private func serve(_ server: ZeroMQControlServer) {
    var isOpen = true
    while isOpen {
      if let (request, peer) = server.receive(timeoutSeconds: .infinity) { note(request, from: peer) }
      let replies = books.withLock { books in
        isOpen = !books.isClosed
        defer { books.replies = [] }
        return books.replies
      }
      for (reply, peer) in replies { server.reply(reply, to: peer) }
    }
    server.close(lingerSeconds: Self.lingerSeconds)
  }

  private func note(_ request: ControlRequest, from peer: ZeroMQControlServer.Peer) {
    books.withLock { books in
      books.tickets += 1
      let ticket = OrderTicket(books.tickets)
      books.askers[ticket] = peer
      books.inquiries.append(Inquiry(ticket: ticket, request: request))
    }
    coordinator.wake()
  }

  /// What was asked since the last call.
  func take() -> [Inquiry] {
    books.withLock { books in
      defer { books.inquiries = [] }
      return books.inquiries
    }
  }

  func reply(_ reply: ControlReply, to ticket: OrderTicket) {
    books.withLock { books in
      guard let peer = books.askers.removeValue(forKey: ticket) else { return }
      books.replies.append((reply, to: peer))
    }
    waker.wake()
  }

  /// Ends when the replies have left. Whoever still waits is left without: he sees this process end, and does what he
  /// wanted himself, on a run that is over or only stopped. May be called twice.
  func close() {
    let wasClosed = books.withLock { books in
      defer { books.isClosed = true }
      books.askers = [:]
      return books.isClosed
    }
    if wasClosed { return }
    waker.wake()
    end.wait()
  }
}
