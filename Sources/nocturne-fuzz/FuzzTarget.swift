import NocturneFarm

/// A reader of bytes from outside, and how inputs for it are made.
protocol FuzzTarget {
  static var name: String { get }
  /// Of all inputs, relative to the other targets: what is slow gets fewer.
  static var share: Double { get }

  init() throws

  /// A valid sample and what became of it: a pure function of the generator.
  mutating func input(_ random: inout SeededGenerator) throws -> [UInt8]

  /// Reads an input. It may refuse it, and must do nothing else: no trap, no hang, no memory beyond the bound. What it
  /// accepts is held against what the reader promises of it; a broken promise traps, too.
  /// - Returns: whether it was accepted.
  mutating func read(_ input: [UInt8]) -> Bool
}

enum FuzzTargets {
  static var all: [any FuzzTarget.Type] {
    [
      WireTarget.self, ManifestTarget.self, JobTarget.self, SafetensorsTarget.self, OutboxTarget.self,
      RecordsTarget.self, JournalTarget.self,
    ]
  }

  /// How many of `total` inputs each target gets: at least one, and all together no fewer than `total`.
  static func inputs(of total: Int, for target: any FuzzTarget.Type) -> Int {
    max(1, Int((Double(total) * target.share / all.reduce(0) { $0 + $1.share }).rounded(.up)))
  }
}
