import Foundation
package import NocturneFarm
import NocturneManifest
import SwiftProtobuf

extension WorkerMessage {
  /// The message as it is sent.
  /// - Precondition: a payload holds at most `WireLimits.payloadBytes`.
  package func frames() -> Frames {
    var envelope = Nocturne_Wire_WorkerEnvelope()
    envelope.protocol = UInt32(farmProtocolVersion)
    var payload: Data?
    switch self {
    case .hello(let hello):
      envelope.protocol = UInt32(clamping: hello.protocolVersion)
      envelope.hello = Nocturne_Wire_Hello(hello)
    case .heartbeat(let heartbeat):
      envelope.heartbeat.progress = heartbeat.progress
      envelope.heartbeat.executing = heartbeat.executing.map { Nocturne_Wire_LeaseFence($0) }
    case .ready(let credit):
      envelope.ready.credit = UInt32(clamping: credit)
    case .finished(let receipt, let inline):
      envelope.finished.receipt = Nocturne_Wire_Receipt(receipt)
      envelope.finished.inline = inline != nil
      payload = inline
    case .chunk(let lease, let offset, let data):
      envelope.chunk.lease = Nocturne_Wire_LeaseFence(lease)
      envelope.chunk.offset = UInt64(offset)
      payload = data
    case .failed(let lease, let failureClass, let message):
      envelope.failed.lease = Nocturne_Wire_LeaseFence(lease)
      envelope.failed.failureClass = failureClass.rawValue
      envelope.failed.message = remark(message)
    case .returned(let leases):
      envelope.returned = Nocturne_Wire_Leases(leases)
    case .goodbye:
      envelope.goodbye = Nocturne_Wire_Empty()
    }
    precondition(
      (payload?.count ?? 0) <= WireLimits.payloadBytes,
      "WorkerMessage.frames: payload of \(payload?.count ?? 0) bytes exceeds \(WireLimits.payloadBytes)")
    return Frames(envelope: serialized(envelope), payload: payload)
  }

  /// Reads what a worker sent, believing nothing.
  /// - Throws: `WireFault` for everything that an honest worker of this protocol version does not send.
  package init(_ frames: Frames) throws(WireFault) {
    guard frames.envelope.count <= WireLimits.workerEnvelopeBytes,
      (frames.payload?.count ?? 0) <= WireLimits.payloadBytes
    else { throw .oversize }
    try EnvelopeShape.check(frames.envelope)
    let envelope: Nocturne_Wire_WorkerEnvelope = try parsed(frames.envelope)
    guard let message = envelope.message else { throw .garbage }
    if envelope.protocol != UInt32(farmProtocolVersion) {
      // A hello of any version is passed on, so that its sender can be told why it is refused.
      guard case .hello = message else { throw .protocolVersion }
    }
    self = try Self(message, protocolVersion: Int(envelope.protocol), payload: frames.payload)
  }

  private init(
    _ message: Nocturne_Wire_WorkerEnvelope.OneOf_Message, protocolVersion: Int, payload: Data?
  ) throws(WireFault) {
    switch message {
    case .finished(let finished):
      guard finished.inline == (payload != nil) else { throw .payload }
      let receipt = try finished.receipt.receipt()
      if let payload, payload.count != receipt.facts.bytes { throw .payload }
      self = .finished(receipt, inline: payload)
      return
    case .chunk(let chunk):
      guard let payload else { throw .payload }
      let offset = try checkedInt(chunk.offset, in: 0...WireLimits.artifactBytes)
      self = .chunk(try chunk.lease.lease(), offset: offset, payload)
      return
    default:
      guard payload == nil else { throw .payload }
    }
    switch message {
    case .hello(let hello): self = .hello(try hello.hello(protocolVersion: protocolVersion))
    case .heartbeat(let heartbeat):
      try checkedCount(heartbeat.executing.count, limit: WireLimits.leases)
      self = .heartbeat(Heartbeat(progress: heartbeat.progress, executing: try leases(heartbeat.executing)))
    case .ready(let ready): self = .ready(credit: try checkedInt(ready.credit, in: 0...WireLimits.credit))
    case .failed(let failed):
      guard let failureClass = FailureClass(rawValue: failed.failureClass) else { throw .value }
      self = .failed(try failed.lease.lease(), failureClass, message: remark(failed.message))
    case .returned(let list): self = .returned(try leases(list.leases))
    case .goodbye: self = .goodbye
    case .finished, .chunk: preconditionFailure("WorkerMessage: \(message) was read above")
    }
  }
}
