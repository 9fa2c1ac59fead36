package import NocturneFarm
import SwiftProtobuf

extension CoordinatorMessage {
  /// The message as it is sent.
  package func frames() -> Frames {
    var envelope = Nocturne_Wire_CoordinatorEnvelope()
    envelope.protocol = UInt32(farmProtocolVersion)
    switch self {
    case .welcome(let run, let heartbeatSeconds, let timeoutSeconds):
      envelope.welcome.run = run
      envelope.welcome.heartbeatSeconds = heartbeatSeconds
      envelope.welcome.timeoutSeconds = timeoutSeconds
    case .refused(let reason): envelope.refused.reason = remark(reason)
    case .register: envelope.register = Nocturne_Wire_Empty()
    case .grant(let shard): envelope.grant = Nocturne_Wire_Grant(shard)
    case .fetch(let lease, let offset, let length):
      envelope.fetch.lease = Nocturne_Wire_LeaseFence(lease)
      envelope.fetch.offset = UInt64(offset)
      envelope.fetch.length = UInt32(length)
    case .acknowledge(let leases): envelope.acknowledge = Nocturne_Wire_Leases(leases)
    case .revoke(let leases): envelope.revoke = Nocturne_Wire_Leases(leases)
    case .heartbeat: envelope.heartbeat = Nocturne_Wire_Empty()
    case .drain: envelope.drain = Nocturne_Wire_Empty()
    case .finished: envelope.finished = Nocturne_Wire_Empty()
    }
    return Frames(envelope: serialized(envelope))
  }

  /// Reads what a coordinator sent.
  /// - Throws: `WireFault` for everything that a coordinator of this protocol version does not send.
  package init(_ frames: Frames) throws(WireFault) {
    guard frames.envelope.count <= WireLimits.coordinatorEnvelopeBytes else { throw .oversize }
    guard frames.payload == nil else { throw .payload }
    try EnvelopeShape.check(frames.envelope)
    let envelope: Nocturne_Wire_CoordinatorEnvelope = try parsed(frames.envelope)
    guard let message = envelope.message else { throw .garbage }
    if envelope.protocol != UInt32(farmProtocolVersion) {
      // A refusal of any version is passed on: it says why.
      guard case .refused = message else { throw .protocolVersion }
    }
    switch message {
    case .welcome(let welcome):
      let interval = try checkedFinite(welcome.heartbeatSeconds, in: WireLimits.heartbeatSeconds)
      let timeout = try checkedFinite(welcome.timeoutSeconds, in: WireLimits.heartbeatSeconds)
      let run = try checkedFileName(welcome.run)
      self = .welcome(run: run, heartbeatSeconds: interval, timeoutSeconds: timeout)
    case .refused(let refused): self = .refused(reason: remark(refused.reason))
    case .register: self = .register
    case .grant(let grant): self = .grant(try grant.checkedShard())
    case .fetch(let fetch):
      let offset = try checkedInt(fetch.offset, in: 0...WireLimits.artifactBytes)
      let length = try checkedInt(fetch.length, in: 1...WireLimits.payloadBytes)
      self = .fetch(try fetch.lease.lease(), offset: offset, length: length)
    case .acknowledge(let list): self = .acknowledge(try leases(list.leases))
    case .revoke(let list): self = .revoke(try leases(list.leases))
    case .heartbeat: self = .heartbeat
    case .drain: self = .drain
    case .finished: self = .finished
    }
  }
}
