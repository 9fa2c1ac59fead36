import NocturneFarm
import NocturneManifest

/// An operator who cannot leave the run alone.
extension FarmSimulation {
  func giveOrder() {
    if isCalm { return }
    order(anyOrder())
    book(.order, in: chance() * plan.orderEvery)
  }

  private func anyOrder() -> Order {
    let some = ItemSelection.named(source.items.filter { _ in chance() < 0.1 }.map(\.key.description))
    switch Int(chance() * 6) {
    case 0, 1:
      book(.resume, in: chance() * 60)
      return .pause
    case 2: return .drain
    case 3: return .cancel(some)
    case 4: return .retry(.all)
    default: return .retry(.ended(.cancelled))
    }
  }

  /// Asks again until somebody listens: a paused run would stay so.
  func resumeRun() {
    if coordinator == nil { return book(.resume, in: 10) }
    order(.resume)
    // The coordinator may have died over it.
    if journal.isHeld { book(.resume, in: 10) }
  }

  private func order(_ order: Order) { tell(.orderReceived(order, from: OrderTicket(UInt64(answers.count)))) }
}
