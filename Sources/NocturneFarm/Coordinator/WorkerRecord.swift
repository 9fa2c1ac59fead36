import NocturneManifest

/// What the coordinator keeps of a registered worker.
struct WorkerRecord: Sendable {
  var host: String
  var processID: Int
  var cores: Int
  var numericClass: String
  var lastHeard: FarmInstant

  /// Shards it holds, as far as we know, in the order they were granted; none is empty.
  var shards: [HeldShard] = []
  /// Shards it said it has room for, less those granted since.
  var credit: Int

  /// It said itself that it wants no more.
  var isSated = false

  /// Results it delivers that are not stored yet.
  var delivering = 0

  /// From its last heartbeat.
  var progress: UInt64 = 0
  var executing: [Lease] = []
  /// When the progress counter last changed while it executed (or execution began).
  var progressedAt: FarmInstant
  /// Moving average of the seconds between two changes; nil before the second one.
  var progressInterval: Double?
  /// Since when it says that it executes nothing although it holds something.
  var idleSince: FarmInstant?
  /// Alive, but its rendering stands still: gets nothing until it moves.
  var isStalled = false

  /// Whether it stands in `CoordinatorState.hungry`.
  var isHungry = false
  /// Waits out a shortage until then.
  var pausedUntil: FarmInstant?
  /// Shortages in a row.
  var shortages = 0

  /// Seconds an item, by batch index; moving average.
  var speeds: [UInt32: Double] = [:]
  /// When it last finished a shard: the next one cannot have begun before.
  var lastShardEnd: FarmInstant?
  /// Items it failed since its last result, and how many results the farm had accepted when that began.
  var failuresInARow = 0
  var acceptedBefore = 0
  /// How often it was put into quarantine.
  var confinements = 0
  var finishedItems = 0
  var failedItems = 0

  struct HeldShard: Sendable {
    let id: UInt64
    let batch: UInt32
    let grantedAt: FarmInstant
    let size: Int
    /// Positions not decided yet, in manifest order.
    var remaining: [Int]
    /// Whether `grantedAt` says when it began: not for shards taken up from a worker that held them already.
    let isMeasured: Bool
    var finished = 0
  }

  init(_ hello: WorkerHello, now: FarmInstant) {
    host = hello.host
    processID = hello.processID
    cores = hello.cores
    numericClass = hello.numericClass
    lastHeard = now
    progressedAt = now
    credit = hello.credit
  }

  var held: [Int] { shards.flatMap(\.remaining) }
}
