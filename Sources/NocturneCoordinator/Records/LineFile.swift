import Foundation
import NocturneWire

/// A file of lines that is valid at every instant for whoever reads it: lines are appended whole, everything else
/// replaces the file at once. Used by one thread.
final class LineFile {
  let path: String
  private var file: OpenFile
  private var size: Int

  /// Opens or makes the file, and cuts off a line that was not written to its end.
  init(_ path: String) throws(FileFault) {
    self.path = path
    file = try OpenFile(path, .append)
    size = try file.size()
    try cutTornLine()
  }

  private func cutTornLine() throws(FileFault) {
    let reader = try OpenFile(path, .read)
    var end = size
    while end > 0 {
      let start = max(0, end - 65_536)
      let piece = try reader.read(at: start, length: end - start)
      if let newline = piece.lastIndex(of: UInt8(ascii: "\n")) {
        end = start + (newline - piece.startIndex) + 1
        break
      }
      end = start
    }
    if end < size { try file.truncate(to: end) }
    size = end
  }

  /// Appends whole lines; when that fails, nothing of them is left.
  func append(_ lines: [UInt8]) throws(FileFault) {
    guard !lines.isEmpty else { return }
    do throws(FileFault) {
      try file.write(lines)
      size += lines.count
    } catch {
      try? file.truncate(to: size)
      throw error
    }
  }

  /// Returns when every line is on the disk.
  func sync() throws(FileFault) { try file.sync() }

  /// Makes the file consist of exactly these lines, in this order: appends what is missing, or, where anything differs,
  /// replaces the file. Memory does not grow with the file.
  /// - Parameter lines: calls its argument with each line; is called at most twice.
  /// - Returns: whether anything had to be written.
  func match(_ lines: (([UInt8]) throws -> Void) throws -> Void) throws -> Bool {
    var comparison = Comparison(reader: try OpenFile(path, .read), size: size)
    var missing: [UInt8] = []
    let sizeBefore = size
    try lines { line in
      guard comparison.isAtEnd else { return try comparison.take(line) }
      missing += line
      if missing.count > 1 << 20 {
        try append(missing)
        missing = []
      }
    }
    if comparison.isAtEnd {
      try append(missing)
      return size != sizeBefore
    }
    try replace(lines)
    return true
  }

  /// Removes the lines that `isUnwanted`.
  func remove(where isUnwanted: ([UInt8]) -> Bool) throws {
    let contents = try OpenFile(path, .read).read(at: 0, length: size)
    try replace { add in
      for line in contents.split(separator: UInt8(ascii: "\n")) {
        let bytes = Array(line) + [UInt8(ascii: "\n")]
        if !isUnwanted(bytes) { try add(bytes) }
      }
    }
  }

  private func replace(_ lines: (([UInt8]) throws -> Void) throws -> Void) throws {
    let draft = path + ".new"
    let fresh = try OpenFile(draft, .create)
    var buffer: [UInt8] = []
    var total = 0
    try lines { line in
      buffer += line
      total += line.count
      if buffer.count > 1 << 20 {
        try fresh.write(buffer)
        buffer = []
      }
    }
    try fresh.write(buffer)
    try fresh.sync()
    try Directory.move(draft, to: path)
    try Directory.sync(Directory.parent(of: path))
    file = try OpenFile(path, .append)
    size = total
  }

  /// Walks along the file beside the lines that it should have.
  private struct Comparison {
    let reader: OpenFile
    let size: Int
    var position = 0
    var isPrefix = true
    private var window = Data()
    private var windowStart = 0

    init(reader: OpenFile, size: Int) {
      self.reader = reader
      self.size = size
    }

    /// All of the file was right so far.
    var isAtEnd: Bool { isPrefix && position == size }

    mutating func take(_ line: [UInt8]) throws(FileFault) {
      guard isPrefix else { return }
      if position + line.count > windowStart + window.count {
        windowStart = position
        window = try reader.read(at: position, length: max(line.count, 1 << 20))
      }
      let start = window.startIndex + position - windowStart
      isPrefix = window[start...].prefix(line.count).elementsEqual(line)
      position += line.count
    }
  }
}
