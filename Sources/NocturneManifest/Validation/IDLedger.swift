/// Remembers the ids of all rows, to find those that would share a file. About 50 bytes a row for plain ids: it keeps
/// hashes, not texts (two of a million ids are taken for equal by mistake once in 10^7 manifests).
///
/// Ids that Unicode calls equal (composed and decomposed accents) count as one id: Swift compares them so, and so do some
/// file systems.
struct IDLedger {
  enum Finding: Equatable {
    /// The id stands in an earlier row.
    case duplicate(line: Int)
    /// A file of the row has the name of an earlier row's: `a-t1` is the first take of `a`.
    case take(line: Int)
    /// The same but for letter case.
    case caseTwin(line: Int)
  }

  private struct Entry {
    var exact: UInt32
    var line: UInt32
    var takes: UInt16
  }

  /// An id that reads as a take of another: `<row>-t<take>`.
  private struct TakeLike {
    var exact: UInt32
    var line: UInt32
    var take: Int
    /// False for `a-T1`.
    var isLowerCase: Bool
  }

  /// By the hash of the case-folded id.
  private var entries: [Int: Entry] = [:]
  /// Further ids of the same folding; few.
  private var twins: [Int: [Entry]] = [:]
  /// Single-take rows with such an id, by the hash of the row's folded id; few.
  private var takeLikes: [Int: [TakeLike]] = [:]

  /// Enters a row and says how it clashes with earlier ones; the gravest clash only.
  mutating func enter(id: String, takes: Int, line: Int) -> Finding? {
    let key = Self.folded(id).hashValue
    let entry = Entry(exact: Self.exact(id), line: UInt32(clamping: line), takes: UInt16(clamping: takes))
    let same = all(key)
    if let earlier = same.first(where: { $0.exact == entry.exact }) { return .duplicate(line: Int(earlier.line)) }
    let clash = takeClash(id: id, key: key, entry: entry)
    if entries[key] == nil { entries[key] = entry } else { twins[key, default: []].append(entry) }
    if let clash, case .take = clash { return clash }
    if let twin = same.first { return .caseTwin(line: Int(twin.line)) }
    return clash
  }

  private func all(_ key: Int) -> [Entry] {
    guard let first = entries[key] else { return [] }
    return [first] + (twins[key] ?? [])
  }

  private mutating func takeClash(id: String, key: Int, entry: Entry) -> Finding? {
    if entry.takes > 1 {
      let clashes = (takeLikes[key] ?? []).filter { $0.take <= Int(entry.takes) }
      return Self.gravest(clashes.map { ($0.exact == entry.exact && $0.isLowerCase, Int($0.line)) })
    }
    guard let (row, take, isLowerCase) = Self.split(id) else { return nil }
    let rowKey = Self.folded(row).hashValue
    let exact = Self.exact(row)
    let like = TakeLike(exact: exact, line: entry.line, take: take, isLowerCase: isLowerCase)
    takeLikes[rowKey, default: []].append(like)
    let clashes = all(rowKey).filter { $0.takes > 1 && take <= Int($0.takes) }
    return Self.gravest(clashes.map { ($0.exact == exact && isLowerCase, Int($0.line)) })
  }

  private static func gravest(_ clashes: [(isExact: Bool, line: Int)]) -> Finding? {
    if let clash = clashes.first(where: \.isExact) { return .take(line: clash.line) }
    return clashes.first.map { .caseTwin(line: $0.line) }
  }

  /// `a-t12` and `a-T12` as (`a`, 12); nil where no take has such a name.
  private static func split(_ id: String) -> (row: String, take: Int, isLowerCase: Bool)? {
    guard let dash = id.utf8.lastIndex(of: UInt8(ascii: "-")), dash > id.startIndex else { return nil }
    let suffix = id[id.utf8.index(after: dash)...]
    guard suffix.utf8.count <= 5, let take = Int(suffix.dropFirst()), RenderLimits.takes.contains(take),
      ["t\(take)", "T\(take)"].contains(suffix)
    else { return nil }
    return (String(id[..<dash]), take, suffix.utf8.first == UInt8(ascii: "t"))
  }

  /// An approximation of Unicode's full case folding; hashes of strings are blind to canonical equivalence already.
  private static func folded(_ id: String) -> String {
    id.utf8.allSatisfy { $0 < 0x80 } ? id.lowercased() : id.uppercased().lowercased()
  }

  private static func exact(_ id: String) -> UInt32 {
    UInt32(truncatingIfNeeded: id.hashValue)
  }
}
