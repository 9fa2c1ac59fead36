import NocturneFarm
import NocturneManifest
import NocturneTesting

/// A worker state under test.
struct WorkerTable {
  var state: WorkerState
  private(set) var now = FarmInstant.zero
  private(set) var wake: FarmInstant?
  /// Of the last event; one line each.
  private(set) var notices: [String] = []

  init(_ edit: (inout WorkerPolicy) -> Void = { _ in }) {
    var policy = WorkerPolicy()
    edit(&policy)
    state = WorkerState(card: .sample("a"), policy: policy)
  }

  /// Started and welcomed to the run `night`.
  static func welcomed(_ edit: (inout WorkerPolicy) -> Void = { _ in }) -> WorkerTable {
    var table = WorkerTable(edit)
    table.handle(.started)
    table.hear(.welcome(run: "night", heartbeatSeconds: 2, timeoutSeconds: 20))
    return table
  }

  /// What the events lead to, without wakes and notices.
  @discardableResult mutating func handle(_ events: WorkerEvent...) -> [WorkerInstruction] {
    notices = []
    var told: [WorkerInstruction] = []
    for event in events {
      for instruction in state.handle(event, now: now) {
        switch instruction {
        case .wake(let instant): wake = instant
        case .notify(let line): notices.append(line)
        default: told.append(instruction)
        }
      }
      precondition(state.violations.isEmpty, "\(state.violations)")
    }
    return told
  }

  @discardableResult mutating func hear(_ message: CoordinatorMessage) -> [WorkerInstruction] {
    handle(.messageReceived(message))
  }

  mutating func advance(_ seconds: Double) { now = now + seconds }

  /// Time passes as the state wished it to.
  @discardableResult mutating func pass(_ seconds: Double) -> [WorkerInstruction] {
    let end = now + seconds
    var told: [WorkerInstruction] = []
    var wakes = 0
    while let wake, wake <= end {
      wakes += 1
      precondition(wakes < 1000, "woken without end at \(now)")
      now = max(now, wake)
      self.wake = nil
      told += handle(.timePassed)
    }
    now = end
    return told
  }
}

/// Items by number, all of attempt 1, the token being the number.
func shard(_ id: UInt64, _ numbers: Int...) -> Shard {
  Shard(
    id: id, items: numbers.map { LeasedItem(lease: lease($0, token: UInt64($0)), item: .sample($0)) })
}

func receipt(_ number: Int) -> Receipt {
  .sample(.sample(number), lease(number, token: UInt64(number)), by: WorkerID("a"))
}
