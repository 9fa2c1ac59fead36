import Foundation
import NocturneFarm
import NocturneManifest
import SwiftProtobuf

/// The bytes of an envelope. Cannot fail: every field has a default, and none is of an `Any` type.
func serialized(_ message: some SwiftProtobuf.Message) -> Data {
  guard let data = try? message.serializedData() as Data else {
    preconditionFailure("serialized: \(type(of: message)) did not serialise")
  }
  return data
}

func parsed<Envelope: SwiftProtobuf.Message>(_ data: Data) throws(WireFault) -> Envelope {
  // Our messages nest five deep; a hostile one must not recurse further.
  var options = BinaryDecodingOptions()
  options.messageDepthLimit = 8
  options.discardUnknownFields = true
  do {
    return try Envelope(serializedBytes: data, options: options)
  } catch {
    throw .garbage
  }
}

extension Nocturne_Wire_LeaseFence {
  init(_ lease: Lease) {
    self.init()
    item.row = lease.item.row
    item.take = UInt32(clamping: lease.item.take)
    attempt = UInt32(clamping: lease.attempt)
    token = lease.token
  }

  func lease() throws(WireFault) -> Lease {
    let key = ItemKey(
      row: try checkedFileName(item.row), take: try checkedInt(item.take, in: 1...Int(Int32.max)))
    return Lease(item: key, attempt: try checkedInt(attempt, in: 1...Int(Int32.max)), token: token)
  }
}

extension Nocturne_Wire_Leases {
  init(_ leases: [Lease]) {
    self.init()
    self.leases = leases.map { Nocturne_Wire_LeaseFence($0) }
  }
}

func leases(_ fences: [Nocturne_Wire_LeaseFence]) throws(WireFault) -> [Lease] {
  try checkedCount(fences.count, limit: WireLimits.leases)
  var leases: [Lease] = []
  leases.reserveCapacity(fences.count)
  for fence in fences { leases.append(try fence.lease()) }
  return leases
}
