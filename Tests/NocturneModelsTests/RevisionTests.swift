import Foundation
import NocturneCPU
import NocturneModels
import NocturneTensor
import Testing

/// A clip's bits are those of its numeric class, whichever build computes them.
@Suite struct RevisionTests {
  /// The digest of one clip in each class that has been seen.
  ///
  /// Where another is found, the change behind it is either a mistake, or raises `CPUBackend.revision`; then these are
  /// the digests that the failure prints, and classes of other CPUs are left out until one of them runs the test.
  private static let recorded: [String: String] = [
    "cpu/scalar/f32/2": "ad81f7ae7a584b934b414fb8a5638a6eedbcdab87bddba84b61833276acca57f",
    "cpu/scalar/bf16/2": "35648655b13b2c7c822377bddaa26c814b9db02839b945f3433ac78eea466ed3",
    "cpu/scalar/int8+f32/2": "728086154b5a453eff936b7c88be74f9e7a7eb33480c046762925b4a4143f62b",
    "cpu/avx2/f32/2": "840dbbab1115d1fe991c6f3036572883883872ec2793b89788b8603d319b544a",
    "cpu/avx2/bf16/2": "0c2b99e2ec84d0fbf3f12696ed8793250db4b491dd178e8a66d8176bce3776e6",
    "cpu/avx2/int8+f32/2": "1b1b147d63488bc4e0f0e673e647c37337d4ed41685d2125df577eebe2136284",
    "cpu/avx512/f32/2": "00dddc08b31198524c03baa93b88739de5d25cdb20c7bd44946424b36c276623",
    "cpu/avx512/bf16/2": "56879bdfe6625ff5b0bb7adae7cc2629cb8151002f0c8ad0455ef7ee5527e43d",
    "cpu/avx512/int8+f32/2": "28772e26de60177e1360a9cf9c619a04a0a7f6448755089ebeb060e5cacc088a",
    "cpu/avx512_bf16/f32/2": "00dddc08b31198524c03baa93b88739de5d25cdb20c7bd44946424b36c276623",
    "cpu/avx512_bf16/bf16/2": "be61490d41315f24f27e13761000eef205796cf510ab9fe79fba3613dd8ede94",
    "cpu/avx512_bf16/int8+bf16/2": "0134847e31e567697c1a77e1784b7653aef1517113b3f707be439d6b94f4cd09",
  ]

  private static let choices: [(InstructionSet, ProductPrecision)] = InstructionSet.allCases
    .filter { $0 <= .ofThisCPU && $0 != .amxbf16 }
    .flatMap { set in [ProductPrecision.f32, .bf16, .int8].map { (set, $0) } }

  @Test func everyClassComputesTheBitsItIsKnownFor() throws {
    var found: [String: String] = [:]
    for (instructionSet, precision) in Self.choices {
      let backend = CPUBackend(threads: 2, precision: precision, maximum: instructionSet, oneDNN: false)
      found[backend.numericClass] = try Self.digest(on: backend)
    }
    let known = Self.recorded.filter { found[$0.key] != nil }
    #expect(found.filter { known[$0.key] != nil } == known, "\(found)")
    #if arch(x86_64)
      // Every such CPU has these, so that something is always compared.
      #expect(known.keys.filter { $0.hasPrefix("cpu/scalar/") }.count == 3, "\(found)")
    #endif
  }

  /// SHA-256 of caption codes, tokens and samples of a short clip of the fixtures' checkpoint, as they lie in memory.
  private static func digest(on backend: CPUBackend) throws -> String {
    let melody = try MeLoDy(
      directory: Fixture.directory.appendingPathComponent("tiny"), backend: backend, textEncoderDirectory: nil)
    let prefixes = try melody.embed(["dark techno with deep bass", "calm piano"]).map(\.tokens)
    let seeds: [UInt64] = [4, 5]
    let tokens = try melody.semanticTokens(
      prefixes: prefixes, count: 8, seeds: seeds, sampling: SemanticSampling(), progress: { _ in })
    let latents = try melody.latents(
      semantic: tokens, frames: 80, request: DiffusionRequest(steps: 2), seeds: seeds, progress: { _ in })
    var digest = FileDigest()
    for row in prefixes + tokens { row.withUnsafeBytes { digest.update(Data($0)) } }
    for clip in latents {
      try melody.waveform(clip, progress: { _ in }).withUnsafeBytes { digest.update(Data($0)) }
    }
    return digest.hexadecimal
  }
}
