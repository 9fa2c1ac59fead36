import NocturneModels
import NocturneTensor
import Testing

/// Semantic language model against PyTorch.
struct SemanticLMAgreementTests {
  static let choices: [(String, SemanticSampling)] = [
    ("both", SemanticSampling(temperature: 1.1, topK: 12, topP: 0.9)),
    ("cool", SemanticSampling(temperature: 0.7)),
    ("greedy", SemanticSampling(temperature: 0)),
    ("plain", SemanticSampling()),
    ("top_k", SemanticSampling(topK: 5)),
    ("top_p", SemanticSampling(temperature: 1.3, topP: 0.8)),
  ]

  @Test(arguments: TestedBackend.allCases)
  func statesAndLogitsAgreeInOnePassAndStepByStep(backend: TestedBackend) throws {
    let melody = backend.melody
    let (lm, fixture) = (melody.language, try Fixture("lm", on: melody.backend))
    let ids = try fixture.table("sequence.ids")
    let count = ids[0].count
    var whole = lm.makeCache(batch: ids.count, capacity: count)
    let states = lm.states(ids, cache: &whole)
    let expected = try fixture.tensor("sequence.hidden")
    expectAgreement(states, expected, within: backend.tolerance, "states")

    let semantic = melody.configuration.semanticStart..<melody.configuration.beginning
    let logits = try fixture.tensor("sequence.logits").sliced(axis: 2, semantic)
    let last = logits.sliced(axis: 1, count - 1..<count)
    expectAgreement(lm.logits(states), last, within: backend.tolerance, "last logits")

    // The same sequence as a prefix and then one token at a time, through the cache.
    var cache = lm.makeCache(batch: ids.count, capacity: count)
    _ = lm.states(ids.map { Array($0.prefix(5)) }, cache: &cache)
    for position in 5..<count {
      let step = lm.states(ids.map { [$0[position]] }, cache: &cache)
      let there = expected.sliced(axis: 1, position..<position + 1)
      expectAgreement(step, there, within: backend.tolerance, "state \(position)")
      let at = logits.sliced(axis: 1, position..<position + 1)
      expectAgreement(lm.logits(step), at, within: backend.tolerance, "logits \(position)")
    }
  }

  @Test(arguments: TestedBackend.exact, choices.indices)
  func drawnTokensAreTheSame(backend: TestedBackend, choice: Int) throws {
    let melody = backend.melody
    let (name, sampling) = Self.choices[choice]
    let fixture = try Fixture("lm", on: melody.backend)
    let prefixes = try fixture.table("codes")
    #expect(try prefixes.map(melody.language.opening) == fixture.table("prefix.ids"))
    let expected = try fixture.table("tokens." + name)
    let drawn = try melody.semanticTokens(
      prefixes: prefixes, count: expected[0].count, seeds: fixture.seeds, sampling: sampling, progress: { _ in })
    #expect(drawn == expected)
  }

  struct Cases: Decodable {
    struct Case: Decodable {
      let row: Int
      let temperature: Double
      let topK: Int
      let topP: Double
      let u: [Double]
      let tokens: [Int]
    }
    let logits: [[Float]]
    let cases: [Case]
  }

  @Test func tokensAreChosenExactlyAsSpecified() throws {
    let table = try Fixture.json("sampling", as: Cases.self)
    #expect(!table.cases.isEmpty)
    for entry in table.cases {
      let sampling = SemanticSampling(temperature: entry.temperature, topK: entry.topK, topP: entry.topP)
      let chosen = entry.u.map { sampling.choose(from: table.logits[entry.row], u: $0) }
      #expect(chosen == entry.tokens, "row \(entry.row), \(sampling)")
    }
  }
}
