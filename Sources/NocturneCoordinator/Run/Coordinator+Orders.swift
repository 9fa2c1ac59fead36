import NocturneFarm
import NocturneWire

extension Coordinator {
  /// Does what operators ask. Each order is carried out by itself, so that lines which it adds and removes never meet
  /// those of something else.
  func attend() throws {
    for inquiry in desk?.take() ?? [] {
      switch inquiry.request {
      case .explain(let name):
        desk?.reply(.explained(state.whereabouts(of: name, now: .now)), to: inquiry.ticket)
      case .order(let order):
        try perform()
        handle(.orderReceived(order, from: inquiry.ticket))
        try perform()
      }
    }
  }
}
