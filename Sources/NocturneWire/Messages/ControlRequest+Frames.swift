package import Foundation
package import NocturneFarm

extension ControlRequest {
  /// The request as it is sent.
  package var serialized: Data {
    var envelope = Nocturne_Wire_ControlRequestEnvelope()
    envelope.protocol = UInt32(farmProtocolVersion)
    switch self {
    case .order(.pause): envelope.pause = Nocturne_Wire_Empty()
    case .order(.resume): envelope.resume = Nocturne_Wire_Empty()
    case .order(.drain): envelope.drain = Nocturne_Wire_Empty()
    case .order(.cancel(let selection)): envelope.cancel = Nocturne_Wire_Selection(selection)
    case .order(.retry(let selection)): envelope.retry = Nocturne_Wire_Selection(selection)
    case .explain(let name): envelope.explain = name
    }
    return NocturneWire.serialized(envelope)
  }

  /// Reads what an operator's command sent.
  /// - Throws: `WireFault` for everything that a command of this protocol version does not send.
  package init(serialized data: Data) throws(WireFault) {
    guard data.count <= WireLimits.workerEnvelopeBytes else { throw .oversize }
    let envelope: Nocturne_Wire_ControlRequestEnvelope = try parsed(data)
    guard let request = envelope.request else { throw .garbage }
    guard envelope.protocol == UInt32(farmProtocolVersion) else { throw .protocolVersion }
    switch request {
    case .pause: self = .order(.pause)
    case .resume: self = .order(.resume)
    case .drain: self = .order(.drain)
    case .cancel(let selection): self = .order(.cancel(try selection.selection()))
    case .retry(let selection): self = .order(.retry(try selection.selection()))
    case .explain(let name): self = .explain(try checkedText(name, limit: WireLimits.remarkBytes))
    }
  }
}

extension Nocturne_Wire_Selection {
  fileprivate init(_ selection: ItemSelection) {
    self.init()
    switch selection {
    case .all: break
    case .named(let names): self.names = names
    case .ended(let failureClass): self.failureClass = failureClass.rawValue
    }
  }

  fileprivate func selection() throws(WireFault) -> ItemSelection {
    try checkedCount(names.count, limit: WireLimits.leases)
    for name in names { _ = try checkedText(name, limit: WireLimits.remarkBytes) }
    if !names.isEmpty { return .named(names) }
    if failureClass.isEmpty { return .all }
    guard let ended = FailureClass(rawValue: failureClass) else { throw .value }
    return .ended(ended)
  }
}
