import Crypto
import Foundation
import NocturneFarm
import NocturneManifest
package import NocturneWire

extension OutputStore {
  /// An artifact on its way in.
  final class Collection {
    let receipt: Receipt
    /// Who delivers it.
    var worker: WorkerID
    let file: OpenFile
    /// Bytes written, all from the beginning.
    private(set) var received = 0
    /// Bytes asked for.
    var asked = 0
    private var hash = SHA256()

    init(_ receipt: Receipt, from worker: WorkerID, path: String) throws(FileFault) {
      self.receipt = receipt
      self.worker = worker
      file = try OpenFile(path, .create)
    }

    func add(_ data: Data) throws(FileFault) {
      try file.write(data)
      hash.update(data: data)
      received += data.count
    }

    /// Lower-case hexadecimal SHA-256 of what was written.
    func digest() -> String { hexadecimal(hash.finalize()) }

    func discard() throws(FileFault) {
      file.close()
      try Directory.remove(file.path)
    }
  }
}

/// Lower-case hexadecimal SHA-256 of a file.
package func fileDigest(_ path: String) throws(FileFault) -> String {
  let file = try OpenFile(path, .read)
  var hash = SHA256()
  var offset = 0
  while true {
    let piece = try file.read(at: offset, length: 64 << 10)
    if piece.isEmpty { return hexadecimal(hash.finalize()) }
    hash.update(data: piece)
    offset += piece.count
  }
}
