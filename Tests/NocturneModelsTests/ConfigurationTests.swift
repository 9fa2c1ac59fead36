import Foundation
import NocturneModels
import Testing

struct ConfigurationTests {
  @Test(arguments: NamedConfiguration.allCases)
  func documentsSurviveARoundTrip(name: NamedConfiguration) throws {
    let configuration = name.configuration
    #expect(configuration.name == name.rawValue)
    let again = try ModelConfiguration(document: configuration.document, source: "again")
    #expect(again == configuration)
    #expect(again.document == configuration.document)
  }

  /// The trainers' files, where the repository is around the tests.
  @Test(arguments: NamedConfiguration.allCases)
  func namedConfigurationsAreTheTrainers(name: NamedConfiguration) throws {
    let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let file = repository.appendingPathComponent("Training/nocturne_training/configs/\(name.rawValue).json")
    #expect(try String(contentsOf: file, encoding: .utf8) == name.document)
  }

  @Test func paperHasTheSpecifiedVocabulary() {
    let paper = NamedConfiguration.paper.configuration
    #expect(paper.vocabulary == 13_313)
    #expect(paper.beginning == 13_312)
    #expect(paper.semanticStart == 12_288)
    #expect(paper.latentFrames(seconds: 10) == 2500)
    #expect(paper.semanticTokens(frames: 2500) == 250)
    #expect(paper.semanticTokens(frames: 625) == 63)
  }

  struct Fault: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let code: ConfigurationError.Code
    let says: String
    let replacing: String
    let with: String
  }

  static let faults = [
    Fault(
      testDescription: "another format", code: .format, says: "format 2", replacing: #""format": 1"#,
      with: #""format": 2"#),
    Fault(
      testDescription: "missing key", code: .malformed, says: "latentDim", replacing: #""latentDim": 16,"#, with: ""),
    Fault(
      testDescription: "unknown key", code: .malformed, says: "dpd.extra", replacing: #""dropPooled": false,"#,
      with: #""dropPooled": false, "extra": 1,"#),
    Fault(
      testDescription: "text for a number", code: .malformed, says: "dpd.blocks", replacing: #""blocks": 4"#,
      with: #""blocks": "4""#),
    Fault(testDescription: "unknown film", code: .malformed, says: "dpd.film", replacing: "mlp3", with: "mlp4"),
    Fault(testDescription: "hop", code: .impossible, says: "hop", replacing: #""hop": 96"#, with: #""hop": 95"#),
    Fault(
      testDescription: "SRU width", code: .impossible, says: "sru", replacing: #""units": 48"#, with: #""units": 40"#),
    Fault(
      testDescription: "no layers", code: .impossible, says: "dpd.blocks", replacing: #""blocks": 4"#,
      with: #""blocks": 0"#),
    Fault(
      testDescription: "too many tokens", code: .impossible, says: "maxTokens", replacing: #""maxTokens": 64"#,
      with: #""maxTokens": 65"#),
    Fault(
      testDescription: "a hop that no product holds", code: .impossible, says: "hop", replacing: #""hop": 96"#,
      with: #""hop": 4611686018427387904"#),
    Fault(
      testDescription: "rates that no product holds", code: .impossible, says: "vae.decoder.rates",
      replacing: #""rates": [4, 4, 3, 2]"#, with: #""rates": [1048576, 1048576, 1048576, 1048576]"#),
    Fault(
      testDescription: "a kernel that no product holds", code: .impossible, says: "vae.decoder.kernels",
      replacing: #""kernels": [9, 9, 5, 7]"#, with: #""kernels": [9, 9, 5, 4611686018427387904]"#),
    Fault(
      testDescription: "a depthwise kernel that no product holds", code: .impossible, says: "tokenizer.depthwise",
      replacing: #""depthwise": 7"#, with: #""depthwise": 4611686018427387904"#),
    Fault(
      testDescription: "a positional kernel that no product holds", code: .impossible,
      says: "tokenizer.positionalKernel", replacing: #""positionalKernel": 8"#, with: #""positionalKernel": -8"#),
    Fault(
      testDescription: "fewer residual blocks than none", code: .impossible, says: "vae.encoder.mrfCounts",
      replacing: #""mrfCounts": [1, 1, 1, 2]"#, with: #""mrfCounts": [1, 1, 1, -2]"#),
    Fault(
      testDescription: "no dilations", code: .impossible, says: "vae.decoder.dilations is empty",
      replacing: #""dilations": [1, 3, 5]"#, with: #""dilations": []"#),
    Fault(
      testDescription: "more blocks than a segment holds", code: .impossible, says: "2^64", replacing: #""blocks": 4"#,
      with: #""blocks": 127"#),
    Fault(
      testDescription: "a root of a negative mean", code: .impossible, says: "lm.epsilon is -1.0, expected above 0",
      replacing: "\"rope\": 10000.0,\n    \"epsilon\": 1e-06", with: "\"rope\": 10000.0,\n    \"epsilon\": -1"),
    Fault(
      testDescription: "an infinite angle", code: .impossible, says: "lm.rope is 0.0, expected above 0",
      replacing: "\"rope\": 10000.0,\n    \"epsilon\"", with: "\"rope\": 0,\n    \"epsilon\""),
    Fault(testDescription: "not JSON", code: .malformed, says: "JSON", replacing: "{", with: "["),
  ]

  @Test(arguments: faults)
  func faultyDocumentIsRefusedInOneLine(fault: Fault) throws {
    let text = NamedConfiguration.tiny.document.replacingOccurrences(of: fault.replacing, with: fault.with)
    #expect(text != NamedConfiguration.tiny.document)
    let error = try #require(throws: ConfigurationError.self) {
      try ModelConfiguration(document: Data(text.utf8), source: "RUN/config.json")
    }
    #expect(error.code == fault.code)
    #expect(error.description.contains(fault.says), "\(error)")
    #expect(error.description.hasPrefix("RUN/config.json: ") && !error.description.contains("\n"))
  }

  @Test func unknownNameListsTheKnownOnes() throws {
    let error = try #require(throws: ConfigurationError.self) { try NamedConfiguration(named: "large") }
    #expect(error.code == .unknownName && error.description.contains("paper, demo, tiny"))
  }
}
