import Foundation
import NocturneFarm

/// A ZeroMQ routing id of ours: which worker, which of its two connections, and how often it has connected.
///
/// A ROUTER ignores a peer that brings the id of a connection which it still believes alive, and ignores it for ever. So
/// each link of a process carries its own generation, and the coordinator answers on the youngest.
struct Route: Hashable {
  enum Purpose: UInt8 {
    case messages = 0x02
    case heart = 0x03
  }

  let worker: WorkerID
  let purpose: Purpose
  let generation: Int

  /// `<name> <purpose byte> <generation in decimal>`; the purpose byte occurs in no name.
  var id: [UInt8] { Array(worker.name.utf8) + [purpose.rawValue] + Array(String(generation).utf8) }

  init(worker: WorkerID, purpose: Purpose, generation: Int) {
    self.worker = worker
    self.purpose = purpose
    self.generation = generation
  }

  /// - Throws: `WireFault.sender` for an id that none of our workers brings.
  init(id: Data) throws(WireFault) {
    guard let mark = id.firstIndex(where: { $0 < 0x20 }), let purpose = Purpose(rawValue: id[mark]),
      isWorkerName(id[..<mark]), let generation = Int(String(decoding: id[(mark + 1)...], as: UTF8.self)),
      (0...Int(Int32.max)).contains(generation)
    else { throw .sender }
    self.init(worker: WorkerID(String(decoding: id[..<mark], as: UTF8.self)), purpose: purpose, generation: generation)
  }
}
