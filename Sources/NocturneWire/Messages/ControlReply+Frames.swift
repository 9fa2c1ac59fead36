package import Foundation
package import NocturneFarm
import NocturneManifest

extension ControlReply {
  /// The reply as it is sent.
  package var serialized: Data {
    var envelope = Nocturne_Wire_ControlReplyEnvelope()
    envelope.protocol = UInt32(farmProtocolVersion)
    switch self {
    case .answer(.paused(let atWork, let wasPaused)):
      envelope.paused.atWork = UInt64(clamping: atWork)
      envelope.paused.wasPaused = wasPaused
    case .answer(.resumed(let waiting, let wasPaused)):
      envelope.resumed.waiting = UInt64(clamping: waiting)
      envelope.resumed.wasPaused = wasPaused
    case .answer(.draining(let atWork)): envelope.draining.atWork = UInt64(clamping: atWork)
    case .answer(.standing): envelope.standing = Nocturne_Wire_Empty()
    case .answer(.cancelled(let items)): envelope.cancelled.items = UInt64(clamping: items)
    case .answer(.retried(let items)): envelope.retried.items = UInt64(clamping: items)
    case .answer(.refused(let reason)): envelope.refused = remark(reason)
    case .explained(let items): envelope.explained.items = items.map { Nocturne_Wire_Whereabouts($0) }
    }
    return NocturneWire.serialized(envelope)
  }

  /// Reads what a coordinator replied. A refusal of any protocol version is passed on: it says why.
  /// - Throws: `WireFault`.
  package init(serialized data: Data) throws(WireFault) {
    guard data.count <= WireLimits.coordinatorEnvelopeBytes else { throw .oversize }
    let envelope: Nocturne_Wire_ControlReplyEnvelope = try parsed(data)
    guard let reply = envelope.reply else { throw .garbage }
    if case .refused(let reason) = reply {
      self = .answer(.refused(remark(reason)))
      return
    }
    guard envelope.protocol == UInt32(farmProtocolVersion) else { throw .protocolVersion }
    func count(_ value: UInt64) throws(WireFault) -> Int { try checkedInt(value, in: 0...Int.max) }
    switch reply {
    case .paused(let paused): self = .answer(.paused(atWork: try count(paused.atWork), wasPaused: paused.wasPaused))
    case .resumed(let resumed):
      self = .answer(.resumed(waiting: try count(resumed.waiting), wasPaused: resumed.wasPaused))
    case .draining(let draining): self = .answer(.draining(atWork: try count(draining.atWork)))
    case .standing: self = .answer(.standing)
    case .cancelled(let changed): self = .answer(.cancelled(items: try count(changed.items)))
    case .retried(let changed): self = .answer(.retried(items: try count(changed.items)))
    case .refused(let reason): self = .answer(.refused(remark(reason)))
    case .explained(let explained):
      var items: [Whereabouts] = []
      for item in explained.items { items.append(try item.whereabouts()) }
      self = .explained(items)
    }
  }
}

extension Nocturne_Wire_Whereabouts {
  fileprivate init(_ whereabouts: Whereabouts) {
    self.init()
    item.row = whereabouts.item.row
    item.take = UInt32(clamping: whereabouts.item.take)
    place = whereabouts.place.rawValue
    why = remark(whereabouts.why)
    tries = UInt32(clamping: whereabouts.tries)
    tryLimit = UInt32(clamping: whereabouts.tryLimit ?? 0)
  }

  fileprivate func whereabouts() throws(WireFault) -> Whereabouts {
    guard let place = Whereabouts.Place(rawValue: place) else { throw .value }
    return Whereabouts(
      item: ItemKey(row: try checkedFileName(item.row), take: Int(item.take)), place: place, why: remark(why),
      tries: Int(tries), tryLimit: tryLimit == 0 ? nil : Int(tryLimit))
  }
}
