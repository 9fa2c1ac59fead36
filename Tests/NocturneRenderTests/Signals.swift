import Foundation
import NocturneRender

/// Test signals, made from their definitions.
enum Signals {
  /// `amplitude` sin(2 pi `frequency` t).
  static func sine(_ frequency: Double, amplitude: Double, seconds: Double, sampleRate: Int) -> [Float] {
    let count = Int((seconds * Double(sampleRate)).rounded())
    return (0..<count).map {
      Float(amplitude * sin(2 * .pi * frequency * Double($0) / Double(sampleRate)))
    }
  }

  /// Amplitude of a level in dB relative to full scale.
  static func amplitude(_ decibels: Double) -> Double { pow(10, decibels / 20) }

  /// White noise in -`amplitude`..<`amplitude`, the same for each seed.
  static func noise(count: Int, amplitude: Float, seed: UInt64) -> [Float] {
    var state = seed &+ 0x9E37_79B9_7F4A_7C15
    return (0..<count).map { _ in
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return (Float(state >> 40) / 8_388_608 - 1) * amplitude
    }
  }
}

/// A directory of its own for one test, removed when the test is over.
final class Scratch {
  let url: URL

  init() throws {
    url = FileManager.default.temporaryDirectory.appendingPathComponent("nocturne-render-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: url) }

  func file(_ name: String) -> URL { url.appendingPathComponent(name) }
  var names: [String] { (try? FileManager.default.contentsOfDirectory(atPath: url.path).sorted()) ?? [] }
}
