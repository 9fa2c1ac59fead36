/// Why a received message was dropped. Never fatal: the sender may be anyone, so it is counted and forgotten.
package enum WireFault: String, Error, Hashable, Sendable, CaseIterable {
  /// No envelope, or more frames than a message has.
  case frameCount
  /// A frame above its limit.
  case oversize
  /// The envelope is no protobuf message of ours.
  case garbage
  /// Another protocol version (and not a hello or a refusal, which every version can read).
  case protocolVersion
  /// A payload without announcement, or an announcement without payload.
  case payload
  /// The sender's routing id is not a worker's name, or not the one that it claims to be.
  case sender
  /// A value that no honest peer sends: an unsafe file name, a number out of range, an overlong text or list.
  case value
}

/// How many messages were dropped, by reason.
package struct DroppedMessages: Hashable, Sendable {
  package private(set) var counts: [WireFault: Int] = [:]

  package init() {}

  package var total: Int { counts.values.reduce(0, +) }

  package mutating func count(_ fault: WireFault) { counts[fault, default: 0] += 1 }
}
