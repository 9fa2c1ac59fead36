import Foundation
import Synchronization

/// Cosines and sines of rotary positions (model.md 7.2), kept: the same few sets of positions come back in every layer.
final class RotaryTables: Sendable {
  private struct Key: Hashable {
    let positions: [Float]
    let headDim: Int
    let base: Float
  }

  private let tables = Mutex<[Key: [Float]]>([:])

  /// [positions, headDim]: cosines of the headDim/2 planes, then their sines.
  func table(_ positions: [Float], headDim: Int, base: Float) -> [Float] {
    // A single position is one token of a decoder: new each time, and quickly computed.
    guard positions.count > 1 else { return Self.computed(positions, headDim: headDim, base: base) }
    let key = Key(positions: positions, headDim: headDim, base: base)
    if let table = tables.withLock({ $0[key] }) { return table }
    let table = Self.computed(positions, headDim: headDim, base: base)
    tables.withLock { tables in
      if tables.count >= 32 { tables.removeAll() }
      tables[key] = table
    }
    return table
  }

  private static func computed(_ positions: [Float], headDim: Int, base: Float) -> [Float] {
    let half = headDim / 2
    return positions.flatMap { position in
      let angles = (0..<half).map { Double(position) * pow(Double(base), -Double($0) / Double(half)) }
      return angles.map { Float(cos($0)) } + angles.map { Float(sin($0)) }
    }
  }
}
