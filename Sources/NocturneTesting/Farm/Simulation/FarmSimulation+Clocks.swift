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

  func setAlarm(at instant: FarmInstant) {
    alarms += 1
    coordinatorWish = instant
    coordinatorAlarm = alarms
    book(.wakeCoordinator(life: coordinatorLife, alarm: alarms), at: instant, on: .coordinator)
  }

  func setAlarm(at instant: FarmInstant, host: Int, process: Int) {
    alarms += 1
    hosts[host].process?.wish = instant
    hosts[host].process?.alarm = alarms
    book(.wakeWorker(host: host, process: process, alarm: alarms), at: instant, on: .host(host))
  }

  /// An alarm rang; the clock may have stood still since it was set.
  func wakeCoordinator(_ life: Int, _ alarm: Int) {
    guard life == coordinatorLife, alarm == coordinatorAlarm, coordinator != nil, let wish = coordinatorWish else {
      return
    }
    guard clock(.coordinator) >= wish else { return setAlarm(at: wish) }
    coordinatorWish = nil
    tell(.timePassed)
  }

  func wakeWorker(_ host: Int, _ number: Int, _ alarm: Int) {
    guard let process = hosts[host].process, process.number == number, process.alarm == alarm,
      let wish = process.wish
    else { return }
    guard clock(.host(host)) >= wish else { return setAlarm(at: wish, host: host, process: number) }
    hosts[host].process?.wish = nil
    tell(process.id, .timePassed)
  }
}
