import NocturneFarm

/// Machines that fall asleep, and what their clocks make of it.
extension FarmSimulation {
  /// The monotonic clock of a machine.
  func clock(_ machine: Machine) -> FarmInstant { now + -(lag[machine] ?? 0) }

  /// Everything on the machine stops for a while. Its clock stands still, or has gone on.
  func suspend(_ machine: Machine) {
    guard !isCalm else { return }
    suspensions += 1
    let seconds = chance() * 120
    sleeping[machine] = now + seconds
    if chance() < 0.5 { lag[machine, default: 0] += seconds }
    book(.suspend(machine), in: seconds + chance() * plan.suspendEvery)
  }

  func book(_ action: Action, at instant: FarmInstant, on machine: Machine) {
    book(action, at: instant + (lag[machine] ?? 0))
  }

  /// An alarm rang; the clock may have stood still since it was set.
  func wakeCoordinator(_ life: Int) {
    guard life == coordinatorLife, coordinator != nil, let wish = coordinatorWish else { return }
    guard clock(.coordinator) >= wish else { return book(.wakeCoordinator(life: life), at: wish, on: .coordinator) }
    coordinatorWish = nil
    tell(.timePassed)
  }

  func wakeWorker(_ host: Int, _ number: Int) {
    guard let process = hosts[host].process, process.number == number, let wish = process.wish else { return }
    guard clock(.host(host)) >= wish else {
      return book(.wakeWorker(host: host, process: number), at: wish, on: .host(host))
    }
    hosts[host].process?.wish = nil
    tell(process.id, .timePassed)
  }
}
