/// The first bytes of a manifest and what they tell about its format.
struct ManifestHead {
  let bytes: [UInt8]
  /// Whether this is the whole file.
  let isWhole: Bool
  /// The complete lines, without their ends.
  let lines: [ArraySlice<UInt8>]

  init(bytes: [UInt8], isWhole: Bool) {
    self.bytes = bytes
    self.isWhole = isWhole
    var lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: false)
    // A line cut short says nothing, unless there is no other.
    if !isWhole, lines.count > 1 { lines.removeLast() }
    self.lines = lines.map { $0.last == 0x0D ? $0.dropLast() : $0 }
  }

  private static let blanks: Set<UInt8> = [0x20, 0x09, 0x0A, 0x0D]

  /// The first byte that is not white space.
  var firstByte: UInt8? { bytes.first { !Self.blanks.contains($0) } }

  /// The first line with text in it, as text.
  var firstLine: String {
    String(decoding: lines.first { !$0.allSatisfy(Self.blanks.contains) } ?? [], as: UTF8.self)
  }

  /// Keys of the first line that is a JSON object.
  var firstObjectKeys: Set<String> {
    for line in lines {
      if case .object(let members)? = try? JSONScanner.parse(Array(line)).value { return Set(members.map(\.key)) }
    }
    return []
  }

  /// The fields of the first record, without blanks around them and in lower case, as a header would be compared.
  func header(delimiter: UInt8) -> [String] {
    var reader = ByteReader(source: MemorySource(bytes), file: "")
    var scanner = DelimitedScanner(delimiter: delimiter)
    guard let record = try? scanner.next(&reader) else { return [] }
    return record.fields.map { $0.text.trimmed.lowercased() }
  }

  /// - Throws: `ManifestError` when the file is empty, not text, or text that Nocturne does not read.
  func refuseWhatIsNoManifest(file: String) throws(ManifestError) {
    func refuse(_ code: ManifestError.Code, _ message: String, line: Int = 0) -> ManifestError {
      ManifestError(code: code, message: message, location: SourceLocation(file: file, line: line))
    }
    guard let firstByte else {
      if isWhole { throw refuse(.empty, "the manifest is empty; it needs one caption at least") }
      throw refuse(.notText, "the manifest begins with \(bytes.count) blanks; is this text?")
    }
    if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) || looksLikeUTF16 {
      throw refuse(.notUTF8File, "the manifest is UTF-16; save it as UTF-8")
    }
    for (magic, name) in Self.signatures where bytes.starts(with: magic) {
      throw refuse(.notText, "this is \(name), not a manifest; give a CSV, TSV, JSONL or text file")
    }
    if bytes.contains(0x0D), !bytes.contains(0x0A), bytes.dropLast().contains(0x0D) {
      throw refuse(.lineEndings, "lines end in CR alone; save the manifest with LF or CRLF line ends")
    }
    if firstByte == UInt8(ascii: "["),
      let next = bytes.drop(while: { $0 != 0x5B }).dropFirst().first(where: { !Self.blanks.contains($0) }),
      [UInt8(ascii: "{"), UInt8(ascii: "\"")].contains(next)
    {
      throw refuse(.jsonArray, "this is a JSON array; write one JSON object a line, without brackets and commas")
    }
    if Job.isJob(head: bytes[...]) {
      throw refuse(.notText, "this is a job, not a manifest; give the path of its file")
    }
    if firstLine.lowercased().hasPrefix("sep=") {
      throw refuse(.badHeader, "\(quoted(firstLine)) is no header; remove this line", line: 1)
    }
    let names = firstLine.lowercased().split(whereSeparator: { $0 == ";" || $0 == "|" }).map { String($0).trimmed }
    if names.count > 1, names.contains("caption"), names.contains("id") || names.contains("ytid") {
      throw refuse(.badHeader, "columns are separated by semicolons or bars; use commas or tabs", line: 1)
    }
  }

  /// ASCII text in UTF-16 has a zero in every other byte.
  private var looksLikeUTF16: Bool {
    guard bytes.count >= 4 else { return false }
    let first = bytes.prefix(64)
    let zeros = first.reduce(into: 0) { $0 += $1 == 0 ? 1 : 0 }
    let even = stride(from: 0, to: first.count, by: 2).allSatisfy { first[$0] == 0 }
    let odd = stride(from: 1, to: first.count, by: 2).allSatisfy { first[$0] == 0 }
    return zeros >= first.count / 2 && (even || odd)
  }

  private static let signatures: [([UInt8], String)] = [
    (Array("fLaC".utf8), "a FLAC file"), (Array("RIFF".utf8), "a RIFF (WAV) file"),
    (Array("OggS".utf8), "an Ogg file"), (Array("ID3".utf8), "an MP3 file"), ([0x1F, 0x8B], "a gzip file"),
    ([0x28, 0xB5, 0x2F, 0xFD], "a Zstandard file"), (Array("PK\u{3}\u{4}".utf8), "a ZIP or Excel file"),
    (Array("SQLite format 3".utf8), "an SQLite database"), (Array("%PDF".utf8), "a PDF file"),
    (Array("PAR1".utf8), "a Parquet file"), ([0x7F, 0x45, 0x4C, 0x46], "a program"),
    ([0x89, 0x50, 0x4E, 0x47], "a PNG image"), ([0xFD, 0x37, 0x7A, 0x58, 0x5A], "an xz file"),
  ]
}
