import NocturneCPU
import NocturneManifest
import NocturneModels
import NocturneRender
import NocturneTensor
import Synchronization

/// A model whose music is arithmetic and that misbehaves where it is told to.
final class ScriptedModel: MusicModel {
  enum Fault: Hashable {
    case semanticCallThrows, semanticNotFinite, latentCallThrows, latentsNotFinite, waveformNotFinite, waveformSilent,
      waveformRail
  }

  struct Poison: Error, CustomStringConvertible {
    let description = "a poisonous\nclip"
  }

  let configuration = NamedConfiguration.tiny.configuration
  let fingerprint = "0123abcd"
  let numericClass = "scripted"
  let threads: Int
  /// By seed.
  let faults: [UInt64: Fault]
  private let log = Mutex<[String]>([])

  init(faults: [UInt64: Fault] = [:], threads: Int = 1) {
    self.faults = faults
    self.threads = threads
  }

  /// The calls so far: `lm 3`, `dpd 1`, ...
  var calls: [String] { log.withLock { $0 } }
  private func note(_ call: String) { log.withLock { $0.append(call) } }
  func noteStopped() { note("stopped") }
  func noteFinished(_ key: ItemKey) { note("finished \(key)") }

  func embed(_ captions: [String]) throws -> [CaptionPrefix] {
    note("text \(captions.count)")
    return captions.map { caption in
      let sum = caption.unicodeScalars.reduce(0) { ($0 * 31 + Int($1.value)) % 16 }
      return CaptionPrefix(tokens: [sum, 1, 2, 3], truncated: caption.count > 100)
    }
  }

  func semanticTokens(
    prefixes: [[Int]], count: Int, seeds: [UInt64], sampling: SemanticSampling, progress: (Int) throws -> Void
  ) throws -> [[Int]] {
    note("lm \(prefixes.count)")
    for done in 1...count { try progress(done * prefixes.count) }
    if seeds.contains(where: { faults[$0] == .semanticCallThrows }) { throw Poison() }
    if seeds.contains(where: { faults[$0] == .semanticNotFinite }) { throw NotFiniteError("a logit") }
    return zip(prefixes, seeds).map { prefix, seed in
      (0..<count).map { ($0 + prefix[0] + Int(seed % 1_000)) % configuration.semanticVocab }
    }
  }

  /// Channel 0 is the tone; channel 1 carries the fault to the decoder.
  func latents(
    semantic: [[Int]], frames: Int, request: DiffusionRequest, seeds: [UInt64], progress: (Int) throws -> Void
  ) throws -> [Tensor] {
    note("dpd \(semantic.count)")
    for step in 1...request.steps { try progress(step * semantic.count) }
    if seeds.contains(where: { faults[$0] == .latentCallThrows }) { throw Poison() }
    return zip(semantic, seeds).map { tokens, seed in
      let values = (0..<frames * configuration.latentDim).map { index -> Float in
        let (frame, channel) = index.quotientAndRemainder(dividingBy: configuration.latentDim)
        return switch (channel, faults[seed]) {
        case (0, .latentsNotFinite) where frame == 7: .nan
        case (0, _): Float((tokens[frame % tokens.count] + Int(request.guidance)) % 7 + 1) / 10
        case (1, .waveformNotFinite): 1
        case (1, .waveformSilent): 2
        case (1, .waveformRail): 3
        default: 0
        }
      }
      return Tensor(values, shape: [frames, configuration.latentDim], on: ReferenceBackend())
    }
  }

  func forEach(_ count: Int, _ body: (Int) -> Void) {
    if count > 1 { note("together \(count)") }
    ThreadPool(threads: threads).forEach(count, body)
  }

  func waveform(_ latents: Tensor, progress: (Int) throws -> Void) throws -> [Float] {
    note("vae 1")
    try progress(1)
    let values = latents.values
    return (0..<latents.shape[0] * configuration.hop).map { sample in
      let frame = values[sample / configuration.hop * configuration.latentDim]
      return switch values[1] {
      case 1: sample == 11 ? .infinity : 0.5
      case 2: 0
      case 3: sample % 2 == 0 ? 1 : -1
      default: sample % 30 < 15 ? frame : -frame
      }
    }
  }
}
