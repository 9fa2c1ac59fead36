import NocturneFarm

/// Traps on one seed, so that a test can see that a trap is reported. Only when asked for by name.
struct PlantedTarget: FuzzTarget {
  static let name = "planted"
  static let share = 0.0

  func input(_ random: inout SeededGenerator) -> [UInt8] {
    var same = SeededGenerator(seed: 23)
    return random.next() == same.next() ? [0] : [1]
  }

  func read(_ input: [UInt8]) -> Bool {
    precondition(input != [0], "planted")
    return true
  }
}
