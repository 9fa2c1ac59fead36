import Foundation
import NocturneTensor
import Testing

/// A header that must be refused, named by the fault it carries.
struct HostileHeader: CustomTestStringConvertible, Sendable {
  var testDescription: String
  var header: String
  var length: UInt64?
  var data = 8
  var code = SafetensorsError.Code.entry
  /// A part of the message.
  var says: String

  static func entry(_ name: String = "a", _ dtype: String = "F32", _ shape: String = "2", _ offsets: String = "0,8")
    -> String
  {
    "\"\(name)\":{\"dtype\":\"\(dtype)\",\"shape\":[\(shape)],\"data_offsets\":[\(offsets)]}"
  }

  static let all: [HostileHeader] = [
    .init(
      testDescription: "header length beyond the file", header: "{}", length: 5000, code: .header, says: "cut short"),
    .init(
      testDescription: "header length over 100 MB", header: "{}", length: 100_000_001, code: .header, says: "exceeds"),
    .init(
      testDescription: "header length of all ones", header: "{}", length: .max, code: .header, says: "exceeds"),
    .init(testDescription: "not JSON", header: "hello", code: .header, says: "JSON"),
    .init(testDescription: "array at the top", header: "[1]", code: .header, says: "JSON"),
    .init(testDescription: "cut JSON", header: "{\"a\":{\"dtype\":\"F3", code: .header, says: "without end"),
    .init(testDescription: "text behind the object", header: "{} x", data: 0, code: .header, says: "behind the object"),
    .init(testDescription: "nested garbage", header: "{\"a\":[[[[[[", code: .header, says: "JSON"),
    .init(
      testDescription: "half a surrogate pair", header: "{\"\\ud800\":1}", code: .header, says: "surrogate"),
    .init(testDescription: "unknown dtype", header: "{\(entry("a", "F33"))}", says: "unknown dtype 'F33'"),
    .init(testDescription: "offsets out of order", header: "{\(entry("a", "F32", "2", "8,0"))}", says: "out of order"),
    .init(
      testDescription: "offsets beyond the file", header: "{\(entry("a", "F32", "4", "0,16"))}", says: "outside 0...8"),
    .init(testDescription: "three offsets", header: "{\(entry("a", "F32", "2", "0,4,8"))}", says: "data_offsets"),
    .init(
      testDescription: "negative offset", header: "{\(entry("a", "F32", "2", "-8,0"))}", code: .header,
      says: "non-negative"),
    .init(testDescription: "fractional extent", header: "{\(entry("a", "F32", "2.0"))}", code: .header, says: "JSON"),
    .init(testDescription: "too few bytes for the shape", header: "{\(entry("a", "F32", "3"))}", says: "expected 12"),
    .init(testDescription: "too many bytes for the shape", header: "{\(entry("a", "F32", "1"))}", says: "expected 4"),
    .init(testDescription: "wrong bytes for the dtype", header: "{\(entry("a", "BF16"))}", says: "expected 4"),
    .init(
      testDescription: "shape product overflows", header: "{\(entry("a", "F32", "4294967296,4294967296"))}",
      says: "overflows"),
    .init(
      testDescription: "shape product overflows to the byte count",
      header: "{\(entry("a", "F32", "4611686018427387906"))}", says: "overflows"),
    .init(
      testDescription: "extent beyond 64 bits", header: "{\(entry("a", "F32", "99999999999999999999"))}", code: .header,
      says: "out of range"),
    .init(
      testDescription: "name twice", header: "{\(entry("a", "F32", "1", "0,4")),\(entry("a", "F32", "1", "4,8"))}",
      says: "twice"),
    .init(
      testDescription: "overlapping tensors",
      header: "{\(entry("a", "F32", "2", "0,8")),\(entry("b", "F32", "1", "4,8"))}", says: "overlaps"),
    .init(
      testDescription: "hole between tensors",
      header: "{\(entry("a", "F32", "1", "0,4")),\(entry("b", "F32", "1", "8,12"))}", data: 12, says: "hole"),
    .init(
      testDescription: "data behind the last tensor", header: "{\(entry())}", data: 9, code: .header, says: "behind"),
    .init(
      testDescription: "no shape", header: "{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,8]}}", says: "needs dtype"),
    .init(
      testDescription: "dtype twice",
      header: "{\"a\":{\"dtype\":\"F32\",\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", says: "repeated"),
    .init(
      testDescription: "unknown field",
      header: "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8],\"x\":1}}", says: "field 'x'"),
    .init(
      testDescription: "number as metadata", header: "{\"__metadata__\":{\"a\":1}}", data: 0, code: .header,
      says: "JSON"),
  ]
}

@Suite struct HostileHeaderTests {
  @Test(arguments: HostileHeader.all)
  func hostileHeaderIsRefusedInOneLine(_ fixture: HostileHeader) throws {
    let folder = TemporaryFolder()
    let path = try folder.safetensors(header: fixture.header, length: fixture.length, data: fixture.data)
    let error = try #require(throws: SafetensorsError.self) { try SafetensorsFile(path: path) }
    #expect(error.code == fixture.code)
    #expect(error.message.contains(fixture.says), "\(error)")
    #expect(error.description.hasPrefix(path) && !error.description.contains("\n"))
  }

  @Test func invalidUTF8InANameIsRefused() throws {
    let folder = TemporaryFolder()
    let path = folder.file("utf8.safetensors")
    let header = Data("{\"".utf8) + Data([0xFF, 0xFE]) + Data("\":1}".utf8)
    try (Data([UInt8(header.count), 0, 0, 0, 0, 0, 0, 0]) + header).write(to: URL(fileURLWithPath: path))
    let error = try #require(throws: SafetensorsError.self) { try SafetensorsFile(path: path) }
    #expect(error.message.contains("UTF-8"))
  }

  @Test(arguments: [0, 1, 7, 8])
  func fileShorterThanAHeaderIsRefused(bytes: Int) throws {
    let folder = TemporaryFolder()
    let path = folder.file("short.safetensors")
    try Data(count: bytes).write(to: URL(fileURLWithPath: path))
    let error = try #require(throws: SafetensorsError.self) { try SafetensorsFile(path: path) }
    #expect(error.code == .header)
  }

  @Test func lineBreaksInNamesDoNotReachTheMessage() throws {
    let folder = TemporaryFolder()
    let header = "{\(HostileHeader.entry("a\\nb", "F33"))}"
    let path = try folder.safetensors(header: header, data: 8)
    let error = try #require(throws: SafetensorsError.self) { try SafetensorsFile(path: path) }
    #expect(error.key == "a\nb")
    #expect(!error.description.contains("\n"))
  }

  @Test func theSameLayoutWithoutAFaultIsAccepted() throws {
    let folder = TemporaryFolder()
    let header =
      "{ \"__metadata__\" : {\"format\":\"pt\"}, \(HostileHeader.entry("b", "F32", "1", "4,8")),"
      + "\n\(HostileHeader.entry("a\\u00e9\\ud83c\\udfb5", "BF16", "1,2", "0,4")), \(HostileHeader.entry("z", "F64", "0,3", "8,8"))}  "
    let file = try SafetensorsFile(path: try folder.safetensors(header: header, data: 8))
    #expect(file.keys == ["a\u{e9}\u{1f3b5}", "b", "z"])
    #expect(file.metadata == ["format": "pt"])
    #expect(try file.shape(of: "z") == [0, 3])
  }

  @Test func missingFileAndFolderAreInputOutputErrors() throws {
    let folder = TemporaryFolder()
    for path in [folder.file("absent.safetensors"), folder.path] {
      let error = try #require(throws: SafetensorsError.self) { try SafetensorsFile(path: path) }
      #expect(error.code == .io)
    }
  }
}
