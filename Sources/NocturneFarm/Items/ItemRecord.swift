/// What the coordinator keeps of one item: 40 bytes, since there may be a million. Captions live in the `ItemSource`.
struct ItemRecord: Sendable {
  enum Phase: UInt8, Sendable {
    /// Nobody has it. Successors: leased, cancelled.
    case waiting
    /// Somebody holds it, was seen holding it a moment ago, or delivers its result. Successors: waiting, done,
    /// dead, cancelled.
    case leased
    /// Stored, verified, journaled. Successor: waiting (reopened).
    case done
    /// Given up. Successor: waiting (reopened).
    case dead
    /// Given up by an operator. Successor: waiting (reopened).
    case cancelled
  }

  /// Of the lease that still counts; 0 when no result would be taken (never leased, failed, returned, dead).
  var token: UInt64 = 0
  /// Of the accepted artifact; zero before.
  var digest = ArtifactDigest.none
  /// Leases granted so far over the item's whole life.
  var attempt: Int32 = 0
  /// Index into `ItemTable.batches`.
  let batch: UInt32
  /// Tries paid since the item was (re)opened.
  var tries: Int16 = 0
  /// At most so many items in its next shard; 0 is no limit. Set when a shard took its worker down with it.
  var shardLimit: Int16 = 0
  var phase = Phase.waiting
  /// Done, and made in another numeric class than the run's.
  var isForeign = false

  init(batch: UInt32) { self.batch = batch }

  /// Whether it has to ride apart from fresh items.
  var isSuspect: Bool { tries > 0 || shardLimit > 0 }
}

/// The first 128 bits of an artifact's SHA-256: enough to tell two renderings of one item apart.
struct ArtifactDigest: Hashable, Sendable {
  let high: UInt64
  let low: UInt64

  static let none = ArtifactDigest(high: 0, low: 0)

  private init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  /// Anything but at least 32 hexadecimal digits is equal to nothing that was ever accepted.
  init?(hexadecimal: String) {
    let digits = Array(hexadecimal.utf8.prefix(32))
    guard digits.count == 32, let high = Self.word(digits[..<16]), let low = Self.word(digits[16...]) else {
      return nil
    }
    self.init(high: high, low: low)
  }

  private static func word(_ digits: ArraySlice<UInt8>) -> UInt64? {
    var value: UInt64 = 0
    for digit in digits {
      switch digit {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): value = value << 4 | UInt64(digit - UInt8(ascii: "0"))
      case UInt8(ascii: "a")...UInt8(ascii: "f"): value = value << 4 | UInt64(digit - UInt8(ascii: "a") + 10)
      case UInt8(ascii: "A")...UInt8(ascii: "F"): value = value << 4 | UInt64(digit - UInt8(ascii: "A") + 10)
      default: return nil
      }
    }
    return value
  }
}
