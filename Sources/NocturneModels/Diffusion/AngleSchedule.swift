/// How the quarter turn from noise to latents is divided into steps (model.md 4.1).
package enum AngleSchedule: String, Codable, Hashable, Sendable, CaseIterable {
  /// `w_t = pi/(6T) + 2 pi t / (3 T (T+1))`, used from t = T down to 1: large steps first (eq. 4).
  case linear
  /// `w_t = pi/(2T)`.
  case uniform

  /// The turns in the order they are taken, `steps` of them; they sum to pi/2.
  package func turns(steps: Int) -> [Double] {
    precondition(steps >= 1, "AngleSchedule: \(steps) steps")
    let total = Double(steps)
    return (1...steps).reversed().map { step in
      switch self {
      case .linear: .pi / (6 * total) + 2 * .pi * Double(step) / (3 * total * (total + 1))
      case .uniform: .pi / (2 * total)
      }
    }
  }

  /// The angle before each step, starting at pi/2, with the turn to take from it.
  package func steps(_ count: Int) -> [(angle: Double, turn: Double)] {
    var angle = Double.pi / 2
    return turns(steps: count).map { turn in
      defer { angle -= turn }
      return (angle, turn)
    }
  }
}
