import NocturneFarm

extension ProtobufTree {
  /// Changes one field, at a random depth.
  mutating func mutate(_ random: inout SeededGenerator) {
    guard !fields.isEmpty else { return }
    let at = Int.random(in: 0..<fields.count, using: &random)
    if case .message(var tree) = fields[at].value, Int.random(in: 0..<4, using: &random) > 0 {
      tree.mutate(&random)
      fields[at].value = .message(tree)
      return
    }
    switch Int.random(in: 0..<7, using: &random) {
    case 0: fields.remove(at: at)
    case 1: repeatField(at, &random)
    case 2: fields.swapAt(at, Int.random(in: 0..<fields.count, using: &random))
    case 3: fields[at].number = UInt64.random(in: 1...20, using: &random)
    case 4: nest(at, &random)
    default: change(at, &random)
    }
  }

  private mutating func repeatField(_ at: Int, _ random: inout SeededGenerator) {
    let count = [1, 2, 65, 257, 4_097].randomElement(using: &random)!
    guard fields.count + count < 5_000 else { return }
    fields.insert(contentsOf: Array(repeating: fields[at], count: count), at: at)
  }

  /// The field within itself, again and again.
  private mutating func nest(_ at: Int, _ random: inout SeededGenerator) {
    for _ in 0..<[1, 4, 8, 200].randomElement(using: &random)! {
      var inner = self
      inner.fields = [fields[at]]
      fields[at].value = .message(inner)
    }
  }

  private mutating func change(_ at: Int, _ random: inout SeededGenerator) {
    let number = ByteMutation.numbers.randomElement(using: &random)!
    switch fields[at].value {
    case .varint: fields[at].value = .varint(number)
    case .fixed(let bytes):
      let doubles: [Double] = [.nan, .infinity, -.infinity, -0.0, 1e308, -1e308, .leastNonzeroMagnitude, 1e18, -1]
      let bits = Bool.random(using: &random) ? doubles.randomElement(using: &random)!.bitPattern : number
      fields[at].value = .fixed((0..<bytes.count).map { UInt8(truncatingIfNeeded: bits >> UInt64(8 * $0)) })
    case .bytes(var bytes):
      if Bool.random(using: &random) {
        TextMutation.apply(&bytes, &random)
      } else {
        ByteMutation.apply(&bytes, &random)
      }
      fields[at].value = .bytes(bytes)
    case .message(let tree):
      guard tree.isOfSendableSize else { return }
      var bytes = tree.bytes
      ByteMutation.apply(&bytes, &random)
      fields[at].value = .bytes(bytes)
    }
  }
}
