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
    let path: String
    /// Bytes taken, all from the beginning.
    private(set) var received = 0
    /// Bytes asked for.
    var asked = 0
    /// Bytes taken when its worker last said that it has it.
    var receivedWhenSaid = 0
    private var file: OpenFile?
    /// A whole artifact that is not in its file yet.
    private(set) var contents: Data?
    private var hash = SHA256()

    init(_ receipt: Receipt, from worker: WorkerID, path: String) {
      self.receipt = receipt
      self.worker = worker
      self.path = path
    }

    /// Writes the next piece.
    func add(_ data: Data) throws(FileFault) {
      try openFile().write(data)
      hash.update(data: data)
      received += data.count
    }

    /// Takes the whole artifact, to be written by `flush`.
    func hold(_ data: Data) {
      contents = data
      received = data.count
    }

    /// - Returns: the file, with all that was taken in it.
    func flush() throws(FileFault) -> OpenFile {
      if let data = contents {
        contents = nil
        received = 0
        try add(data)
      }
      return try openFile()
    }

    private func openFile() throws(FileFault) -> OpenFile {
      if let file { return file }
      let fresh = try OpenFile(path, .create)
      file = fresh
      return fresh
    }

    /// Lower-case hexadecimal SHA-256 of what was written.
    func digest() -> String { hexadecimal(hash.finalize()) }

    func close() { file?.close() }

    func discard() throws(FileFault) {
      contents = nil
      guard let file else { return }
      file.close()
      try Directory.remove(path)
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
