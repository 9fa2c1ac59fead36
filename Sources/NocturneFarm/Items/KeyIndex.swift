import NocturneManifest

/// Finds an item's position by its key: open addressing over positions only, about 6 bytes an item where a dictionary
/// would hold every key a second time (some 60).
struct KeyIndex: Sendable {
  /// Position + 1, or 0 for a free slot; a power of two of them, at most two thirds taken.
  private var slots: [UInt32] = Array(repeating: 0, count: 16)
  private var count = 0

  /// The position of `key` among `keys`, or nil.
  func position(of key: ItemKey, in keys: [ItemKey]) -> Int? {
    var slot = key.hashValue & (slots.count - 1)
    while slots[slot] != 0 {
      let position = Int(slots[slot]) - 1
      if keys[position] == key { return position }
      slot = (slot + 1) & (slots.count - 1)
    }
    return nil
  }

  /// Enters the last of `keys`. False when the key is there already.
  mutating func insertLast(of keys: [ItemKey]) -> Bool {
    let position = keys.count - 1
    if self.position(of: keys[position], in: keys) != nil { return false }
    count += 1
    if count * 3 > slots.count * 2 { grow(keys) } else { place(position, keys[position]) }
    return true
  }

  private mutating func grow(_ keys: [ItemKey]) {
    slots = Array(repeating: 0, count: slots.count * 2)
    for position in 0..<count { place(position, keys[position]) }
  }

  private mutating func place(_ position: Int, _ key: ItemKey) {
    var slot = key.hashValue & (slots.count - 1)
    while slots[slot] != 0 { slot = (slot + 1) & (slots.count - 1) }
    slots[slot] = UInt32(position + 1)
  }
}
