internal import Crypto

/// Seeds of items. Each row has its own, so captions do not share noise; adding a row moves no other row's seed.
package enum ItemSeed {
  /// Largest seed, 2^53 - 1: every JSON reader keeps it exact.
  package static let maximum = (1 << 53) - 1
  private static let mask = UInt64(maximum)

  /// Seed of a take. A row's own seed s gives `s + take - 1`, so writing the seed of a finished clip's metadata into the row's
  /// `seed` column reproduces the clip. Otherwise the first 8 bytes, big-endian, of SHA-256(`nocturne seed <runSeed> <id>`)
  /// take the place of s. Everything modulo 2^53.
  package static func seed(runSeed: UInt64, id: String, take: Int, rowSeed: UInt64? = nil) -> UInt64 {
    precondition(take >= 1, "ItemSeed.seed: takes count from 1, got \(take)")
    return ((rowSeed ?? derived(runSeed: runSeed, id: id)) &+ UInt64(take - 1)) & mask
  }

  private static func derived(runSeed: UInt64, id: String) -> UInt64 {
    SHA256.hash(data: Array("nocturne seed \(runSeed) \(id)".utf8)).prefix(8)
      .reduce(UInt64(0)) { $0 << 8 | UInt64($1) } & mask
  }
}
