import Foundation
import NocturneFarm
import NocturneManifest
import NocturneWire

/// The decoder of messages, from both sides. An input is a byte (1: for the worker's ears, 2: with a payload), the length
/// of the envelope in four bytes, the envelope, the payload.
struct WireTarget: FuzzTarget {
  static let name = "wire"
  static let share = 40.0

  private let samples: [(isForWorker: Bool, frames: Frames)]

  init() {
    samples =
      FuzzSamples.workerMessages.map { (false, $0.frames()) }
      + FuzzSamples.coordinatorMessages.map { (true, $0.frames()) }
  }

  func input(_ random: inout SeededGenerator) -> [UInt8] {
    if Int.random(in: 0..<2_048, using: &random) == 0 { return swollen(&random) }
    let sample = samples.randomElement(using: &random)!
    var envelope = Array(sample.frames.envelope)
    var payload = sample.frames.payload.map { Array($0) }
    if Int.random(in: 0..<4, using: &random) > 0, var tree = ProtobufTree(envelope[...]) {
      for _ in 0..<Int.random(in: 1...3, using: &random) { tree.mutate(&random) }
      if tree.isOfSendableSize { envelope = tree.bytes }
    }
    if Int.random(in: 0..<3, using: &random) == 0 { ByteMutation.apply(&envelope, &random) }
    if Int.random(in: 0..<8, using: &random) == 0 { payload = payload == nil ? [0] : nil }
    let isForWorker = Int.random(in: 0..<16, using: &random) == 0 ? !sample.isForWorker : sample.isForWorker
    return Self.input(envelope, payload, isForWorker: isForWorker)
  }

  /// Numbers in the envelope of the messages that carry lists of messages, and of those lists in them.
  private static let lists: (fromWorker: [(UInt64, UInt8)], forWorker: [(UInt64, UInt8)]) = (
    [(2, 9), (2, 10), (3, 2), (8, 1)], [(5, 1), (7, 1), (8, 1)]
  )

  /// A message as large as they may be: a list of nothing.
  private func swollen(_ random: inout SeededGenerator) -> [UInt8] {
    let isForWorker = Bool.random(using: &random)
    let limit = isForWorker ? WireLimits.coordinatorEnvelopeBytes : WireLimits.workerEnvelopeBytes
    let list = (isForWorker ? Self.lists.forWorker : Self.lists.fromWorker).randomElement(using: &random)!
    var fields = [list.1 << 3 | 2, 0]
    while fields.count <= limit / 4 { fields += fields }
    var envelope: [UInt8] = [0x08, 1]
    ProtobufTree.append(list.0 << 3 | 2, to: &envelope)
    ProtobufTree.append(UInt64(fields.count), to: &envelope)
    envelope += fields
    return Self.input(envelope, nil, isForWorker: isForWorker)
  }

  private static func input(_ envelope: [UInt8], _ payload: [UInt8]?, isForWorker: Bool) -> [UInt8] {
    let length = UInt32(envelope.count)
    return [(isForWorker ? 1 : 0) | (payload == nil ? 0 : 2)]
      + (0..<4).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) } + envelope + (payload ?? [])
  }

  func read(_ input: [UInt8]) -> Bool {
    guard input.count >= 5 else { return false }
    let length = (0..<4).reduce(0) { $0 | Int(input[1 + $1]) << (8 * $1) }
    let envelope = input.dropFirst(5).prefix(length)
    let payload = input[0] & 2 == 0 ? nil : Data(input.dropFirst(5).dropFirst(length))
    let frames = Frames(envelope: Data(envelope), payload: payload)
    return input[0] & 1 == 0 ? readAsCoordinator(frames) : readAsWorker(frames)
  }

  /// What was understood is understood the same when it is sent on.
  private func readAsCoordinator(_ frames: Frames) -> Bool {
    guard let message = try? WorkerMessage(frames) else { return false }
    precondition((try? WorkerMessage(message.frames())) == message, "a message changes on its way: \(message)")
    if case .finished(let receipt, _) = message {
      precondition(isSafeFileName(receipt.fileName) && isWorkerName(receipt.worker.name.utf8), "\(receipt)")
      precondition((try? Receipt(serialized: receipt.serialized)) == receipt, "a receipt changes in the journal")
    }
    return true
  }

  private func readAsWorker(_ frames: Frames) -> Bool {
    guard let message = try? CoordinatorMessage(frames) else { return false }
    precondition((try? CoordinatorMessage(message.frames())) == message, "a message changes on its way: \(message)")
    return true
  }
}
