import NocturneModels
import NocturneTensor
import Testing

/// Diffusion network against PyTorch, part by part.
struct DiffusionAgreementTests {
  @Test(arguments: TestedBackend.allCases)
  func anglesAreEmbeddedAlike(backend: TestedBackend) throws {
    let melody = backend.melody
    let fixture = try Fixture("dpd-parts", on: melody.backend)
    let angles = try fixture.tensor("angle.d").values.map(Double.init)
    let (blend, embedded) = (try fixture.tensor("angle.blend"), try fixture.tensor("angle.embedded"))
    expectAgreement(melody.denoiser.angle.blend(angles), blend, within: backend.tolerance, "blend")
    expectAgreement(melody.denoiser.angle(angles), embedded, within: backend.tolerance, "embedded")
  }

  @Test(arguments: TestedBackend.allCases)
  func semanticTokensAreEmbeddedAlike(backend: TestedBackend) throws {
    let melody = backend.melody
    let fixture = try Fixture("dpd-parts", on: melody.backend)
    let tokens = [try fixture.integers("semantic.tokens")]
    let (embedded, pooled) = (try fixture.tensor("semantic.embedded"), try fixture.tensor("semantic.pooled"))
    expectAgreement(melody.denoiser.embed(tokens), embedded, within: backend.tolerance, "embedded")
    expectAgreement(melody.denoiser.condition(on: tokens).pooled, pooled, within: backend.tolerance, "pooled")
  }

  @Test(arguments: TestedBackend.allCases, [40, 100])
  func segmentsAgree(backend: TestedBackend, frames: Int) throws {
    let fixture = try Fixture("dpd-parts", on: backend.melody.backend)
    let x = try fixture.clip("segment.\(frames).x")
    let rows = x.segmented(length: 16, count: Denoiser.segments(frames: frames, segment: 16))
    let (expected, sum) = (try fixture.tensor("segment.\(frames).rows"), try fixture.tensor("segment.\(frames).sum"))
    #expect(rows.values == expected.values)
    expectAgreement(rows.squared().overlapAdded(frames: frames), sum, within: 1e-6, "overlap-add")
  }

  @Test(arguments: TestedBackend.allCases, 0..<4)
  func mergedAndRepeatedColumnsAgree(backend: TestedBackend, block: Int) throws {
    let fixture = try Fixture("dpd-parts", on: backend.melody.backend)
    let window = DualPathBlock.window(block: block, of: 4)
    // The backend keeps columns outside rows; PyTorch stores rows outside columns.
    let merged = try fixture.clip("merge.rows").mergedSegments(window: window)
    let (expected, repeated) = (try fixture.tensor("merge.\(block)"), try fixture.tensor("repeat.\(block)"))
    expectAgreement(merged.transposed(1, 2), expected, within: 1e-6, "merge")
    expectAgreement(merged.repeatedSegments(window: window, columns: 16), repeated, within: 1e-6, "repeat")
  }

  @Test(arguments: TestedBackend.allCases)
  func roformerLayerAgreesWithAndWithoutCondition(backend: TestedBackend) throws {
    let melody = backend.melody
    let fixture = try Fixture("dpd-parts", on: melody.backend)
    let columns = try fixture.tensor("roformer.columns")
    let layer = melody.denoiser.blocks[1].roformer[0]
    let memory = layer.memory(of: try fixture.clip("semantic.embedded"))
    let positions = SegmentPositions(segments: 21, tokens: 10)
    let conditional = layer(columns, memory: memory, positions: positions)
    let unconditional = layer(columns, memory: nil, positions: positions)
    let (with, without) = (try fixture.tensor("roformer.conditional"), try fixture.tensor("roformer.unconditional"))
    expectAgreement(conditional, with, within: backend.tolerance, "conditional")
    expectAgreement(unconditional, without, within: backend.tolerance, "unconditional")
  }

  @Test(arguments: TestedBackend.allCases)
  func recurrenceAgrees(backend: TestedBackend) throws {
    let melody = backend.melody
    let fixture = try Fixture("dpd-parts", on: melody.backend)
    let x = try fixture.tensor("sru.x")
    let layers = melody.denoiser.blocks[1].recurrence
    let (first, stack) = (try fixture.tensor("sru.layer"), try fixture.tensor("sru.stack"))
    expectAgreement(layers[0](x), first, within: backend.tolerance, "layer")
    expectAgreement(layers.reduce(x) { $1($0) }, stack, within: backend.tolerance, "stack")
  }

  @Test(arguments: TestedBackend.allCases)
  func modulationAgrees(backend: TestedBackend) throws {
    let melody = backend.melody
    let fixture = try Fixture("dpd-parts", on: melody.backend)
    let expected = try fixture.tensor("film.y")
    let modulation = melody.denoiser.blocks[1].modulation
    let tables = modulation.tables(of: try fixture.tensor("film.m"))
    let found = modulation(try fixture.tensor("film.x"), scale: tables.scale, shift: tables.shift)
    expectAgreement(found, expected, within: backend.tolerance, "FiLM")
  }

  @Test(arguments: TestedBackend.allCases)
  func everyBlockAgrees(backend: TestedBackend) throws {
    let melody = backend.melody
    let (denoiser, fixture) = (melody.denoiser, try Fixture("dpd-blocks", on: melody.backend))
    let (z, angles) = (try fixture.clip("z"), try fixture.angles("angles"))
    let condition = denoiser.condition(on: [try fixture.integers("tokens")])
    let embedded = denoiser.angle(angles.values)
    var x = denoiser.segmented(z, embedded: embedded, angles: angles)
    expectAgreement(x, try fixture.tensor("rows"), within: backend.tolerance, "rows")
    let rows = denoiser.modulationRows(
      embedded: embedded, angles: angles, segments: x.shape[1], condition: condition, guided: false)
    let conditions = try fixture.tensor("conditions")
    expectAgreement(rows.vectors.gathered(rows.indices), conditions, within: backend.tolerance, "m")

    let positions = SegmentPositions(segments: x.shape[1], tokens: condition.tokens)
    for (index, block) in denoiser.blocks.enumerated() {
      if index == 0 {
        let coarse = block.coarsePath(x, conditional: 1, memory: condition.memory[0], positions: positions)
        expectAgreement(coarse, try fixture.tensor("block.0.coarse"), within: backend.tolerance, "coarse path")
      }
      x = block(x, conditional: 1, memory: condition.memory[index], positions: positions, rows: rows)
      expectAgreement(x, try fixture.tensor("block.\(index)"), within: backend.tolerance, "block \(index)")
    }
    let velocity = denoiser.velocity(z, angles: angles, condition: condition, guided: false)
    expectAgreement(
      velocity.conditional, try fixture.tensor("velocity"), within: backend.tolerance, "velocity")
  }

  @Test(arguments: TestedBackend.allCases, [160, 100])
  func velocitiesAgreeForOneAndForManyAngles(backend: TestedBackend, frames: Int) throws {
    let melody = backend.melody
    let (denoiser, fixture) = (melody.denoiser, try Fixture("dpd-velocity", on: melody.backend))
    let z = try fixture.clip("\(frames).z")
    let condition = denoiser.condition(on: [try fixture.integers("\(frames).tokens")])
    let cases = [
      ("uniform", FrameAngles(0.733_038_3, frames: frames)),
      ("chunked", try fixture.angles("\(frames).chunked.angles")),
    ]
    for (name, angles) in cases {
      let velocity = denoiser.velocity(z, angles: angles, condition: condition, guided: true)
      let with = try fixture.tensor("\(frames).\(name).conditional")
      let without = try fixture.tensor("\(frames).\(name).unconditional")
      expectAgreement(velocity.conditional, with, within: backend.tolerance, "\(name) conditional")
      expectAgreement(try #require(velocity.unconditional), without, within: backend.tolerance, "\(name) unconditional")
      // The unconditional evaluation rides along without touching the conditional one.
      let alone = denoiser.velocity(z, angles: angles, condition: condition, guided: false)
      #expect(alone.conditional.values == velocity.conditional.values)
      #expect(alone.unconditional == nil)
    }
  }
}
