import NocturneManifest
import Testing

/// One fault as a fixture must show it.
struct ExpectedFault: Hashable, CustomStringConvertible {
  var code: ManifestError.Code
  var line: Int
  var column: Int

  init(_ code: ManifestError.Code, _ line: Int, _ column: Int) {
    self.code = code
    self.line = line
    self.column = column
  }

  init(_ error: ManifestError) {
    self.init(error.code, error.location.line, error.location.column)
  }

  var description: String { "\(code) at \(line):\(column)" }
}

/// A fixture that is read to its end, with the faults of its bad rows.
struct FaultyRows: Sendable, CustomTestStringConvertible {
  var testDescription: String { file }
  var file: String
  var good: Int
  var faults: [(ManifestError.Code, Int, Int)]

  init(_ file: String, good: Int, _ faults: (ManifestError.Code, Int, Int)...) {
    self.file = file
    self.good = good
    self.faults = faults
  }

  static let table: [FaultyRows] = [
    FaultyRows("duplicateID.csv", good: 2, (.duplicateID, 4, 1)),
    FaultyRows("duplicateID-of-bad-row.csv", good: 0, (.emptyCaption, 2, 3), (.duplicateID, 3, 1)),
    FaultyRows("duplicateID-composed.csv", good: 1, (.duplicateID, 3, 1)),
    FaultyRows("duplicateID.jsonl", good: 1, (.duplicateID, 2, 23)),
    FaultyRows("emptyCaption.csv", good: 2, (.emptyCaption, 3, 3), (.emptyCaption, 4, 3), (.emptyCaption, 6, 3)),
    FaultyRows("emptyCaption.jsonl", good: 1, (.emptyCaption, 1, 21)),
    FaultyRows("emptyID.csv", good: 1, (.emptyID, 2, 5)),
    FaultyRows(
      "unsafeID.csv", good: 1, (.unsafeID, 2, 1), (.unsafeID, 3, 1), (.unsafeID, 4, 1), (.unsafeID, 5, 1),
      (.unsafeID, 6, 1), (.unsafeID, 7, 1), (.unsafeID, 8, 1), (.unsafeID, 10, 1), (.unsafeID, 11, 1),
      (.unsafeID, 12, 1), (.unsafeID, 13, 1), (.unsafeID, 14, 1)),
    FaultyRows("idTooLong.csv", good: 1, (.idTooLong, 3, 1), (.idTooLong, 4, 1)),
    FaultyRows("caseCollision.csv", good: 5, (.duplicateID, 5, 1)),
    FaultyRows("takeCollision.csv", good: 6, (.takeCollision, 3, 1), (.takeCollision, 7, 1)),
    FaultyRows(
      "outOfRange.csv", good: 1, (.outOfRange, 2, 5), (.outOfRange, 3, 5), (.outOfRange, 4, 5), (.outOfRange, 5, 6),
      (.outOfRange, 6, 6), (.outOfRange, 7, 7), (.outOfRange, 8, 7), (.outOfRange, 9, 8), (.outOfRange, 10, 8),
      (.outOfRange, 11, 9), (.outOfRange, 12, 5), (.outOfRange, 12, 7), (.outOfRange, 12, 11), (.outOfRange, 12, 14),
      (.outOfRange, 12, 17)),
    FaultyRows("outOfRange.jsonl", good: 0, (.outOfRange, 1, 35), (.outOfRange, 2, 35)),
    FaultyRows(
      "notANumber.csv", good: 1, (.notANumber, 2, 5), (.notANumber, 3, 5), (.notANumber, 4, 6), (.notANumber, 5, 6)),
    FaultyRows("unknownChoice.csv", good: 1, (.unknownChoice, 2, 5), (.unknownChoice, 3, 6)),
    FaultyRows("badUTF8.csv", good: 2, (.badUTF8, 3, 9), (.badUTF8, 4, 6)),
    FaultyRows("badUTF8-cut-short.txt", good: 1, (.badUTF8, 2, 7)),
    FaultyRows("badUTF8.jsonl", good: 1, (.badUTF8, 1, 22)),
    FaultyRows("nulByte.csv", good: 1, (.nulByte, 2, 5)),
    FaultyRows("nulByte.txt", good: 2, (.nulByte, 2, 3)),
    FaultyRows("truncatedQuote.csv", good: 1, (.truncatedQuote, 3, 3)),
    FaultyRows("truncatedQuote-at-end.csv", good: 1, (.truncatedQuote, 3, 3)),
    FaultyRows("textAfterQuote.csv", good: 1, (.textAfterQuote, 2, 8), (.textAfterQuote, 4, 4)),
    FaultyRows("wrongColumnCount.csv", good: 1, (.wrongColumnCount, 2, 6), (.wrongColumnCount, 3, 12)),
    FaultyRows(
      "badJSON.jsonl", good: 2, (.badJSON, 2, 26), (.badJSON, 3, 11), (.badJSON, 4, 26), (.badJSON, 5, 21),
      (.badJSON, 6, 11), (.badJSON, 7, 22), (.badJSON, 8, 21), (.badJSON, 9, 16), (.badJSON, 11, 23)),
    FaultyRows(
      "wrongType.jsonl", good: 1, (.wrongType, 1, 21), (.wrongType, 2, 7), (.wrongType, 3, 33), (.wrongType, 4, 34),
      (.wrongType, 5, 1), (.wrongType, 6, 1)),
    FaultyRows(
      "wrongType-openai-batch.jsonl", good: 1, (.wrongType, 1, 25), (.wrongType, 2, 34), (.wrongType, 3, 48)),
    FaultyRows("missingValue.jsonl", good: 1, (.missingValue, 1, 1), (.missingValue, 2, 1), (.missingValue, 3, 1)),
    FaultyRows(
      "missingValue-openai-batch.jsonl", good: 1, (.missingValue, 2, 1), (.missingValue, 3, 1), (.missingValue, 4, 1)),
  ]
}

/// A fixture that is refused as a whole.
struct RefusedFile: Sendable, CustomTestStringConvertible {
  var testDescription: String { file }
  var file: String
  var code: ManifestError.Code
  var line: Int
  var column: Int

  init(_ file: String, _ code: ManifestError.Code, _ line: Int = 0, _ column: Int = 0) {
    self.file = file
    self.code = code
    self.line = line
    self.column = column
  }

  static let table: [RefusedFile] = [
    RefusedFile("empty.csv", .empty),
    RefusedFile("empty-blank-lines.txt", .empty),
    RefusedFile("notText.csv", .notText),
    RefusedFile("notText-gzip.csv", .notText),
    RefusedFile("notUTF8File-utf16.csv", .notUTF8File),
    RefusedFile("notUTF8File-utf16-without-mark.csv", .notUTF8File),
    RefusedFile("lineEndings.csv", .lineEndings),
    RefusedFile("jsonArray.jsonl", .jsonArray),
    RefusedFile("jsonArray-strings.txt", .jsonArray),
    RefusedFile("notText-job.txt", .notText),
    RefusedFile("missingColumn-caption.csv", .missingColumn, 1, 1),
    RefusedFile("missingColumn-id.tsv", .missingColumn, 1, 1),
    RefusedFile("missingColumn-musiccaps.csv", .missingColumn, 1, 1),
    RefusedFile("missingColumn-single.csv", .missingColumn, 1, 1),
    RefusedFile("duplicateColumn.csv", .duplicateColumn, 1, 17),
    RefusedFile("badHeader.csv", .badHeader, 1, 12),
    RefusedFile("badHeader-semicolons.csv", .badHeader, 1),
    RefusedFile("badHeader-sep.csv", .badHeader, 1),
    RefusedFile("badHeader-other-names.csv", .badHeader, 1),
    RefusedFile("badHeader-text.jsonl", .badHeader, 1),
    RefusedFile("noRows.csv", .noRows),
  ]
}
