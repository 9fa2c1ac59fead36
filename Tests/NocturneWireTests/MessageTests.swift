import Foundation
import NocturneFarm
import NocturneManifest
import NocturneWire
import Testing

@Suite struct MessageTests {
  @Test(arguments: Samples.workerMessages)
  func workerMessageSurvivesTheWire(_ message: WorkerMessage) throws {
    #expect(try WorkerMessage(message.frames()) == message)
  }

  @Test(arguments: Samples.coordinatorMessages)
  func coordinatorMessageSurvivesTheWire(_ message: CoordinatorMessage) throws {
    #expect(try CoordinatorMessage(message.frames()) == message)
  }

  @Test func helloOfAnotherProtocolIsPassedOnSoThatItCanBeRefused() throws {
    var hello = Samples.hello
    hello.protocolVersion = farmProtocolVersion + 1
    #expect(try WorkerMessage(WorkerMessage.hello(hello).frames()) == .hello(hello))
  }

  @Test func otherMessagesOfAnotherProtocolAreDropped() throws {
    // Field 1 (protocol) is the first of the envelope: tag 0x08, then the version.
    for message in Samples.workerMessages {
      if case .hello = message { continue }
      var frames = message.frames()
      frames.envelope[frames.envelope.startIndex + 1] = UInt8(farmProtocolVersion + 1)
      #expect(throws: WireFault.protocolVersion) { try WorkerMessage(frames) }
    }
  }

  @Test func refusalOfAnotherProtocolIsUnderstood() throws {
    var frames = CoordinatorMessage.refused(reason: "upgrade").frames()
    frames.envelope[frames.envelope.startIndex + 1] = UInt8(farmProtocolVersion + 1)
    #expect(try CoordinatorMessage(frames) == .refused(reason: "upgrade"))
  }

  @Test(
    arguments: [
      "", ".", "..", ".hidden", "a/b", "../../etc/passwd", "a\\b", "a\0b", "line\nbreak",
      String(repeating: "a", count: 256),
    ]
  )
  func unsafeFileNameIsDropped(_ name: String) throws {
    var receipt = Samples.receipt
    receipt.fileName = name
    #expect(throws: WireFault.value) { try WorkerMessage(WorkerMessage.finished(receipt, inline: nil).frames()) }
    let lease = Lease(item: ItemKey(row: name, take: 1), attempt: 1, token: 1)
    #expect(throws: WireFault.value) { try WorkerMessage(WorkerMessage.returned([lease]).frames()) }
  }

  @Test(arguments: [Double.nan, .infinity, -.infinity])
  func numberThatIsNoneIsDropped(_ number: Double) throws {
    var receipt = Samples.receipt
    receipt.facts.peakDBFS = number
    #expect(throws: WireFault.value) { try WorkerMessage(WorkerMessage.finished(receipt, inline: nil).frames()) }
  }

  @Test func attemptsAndTakesCountFromOne() throws {
    for lease in [
      Lease(item: ItemKey(row: "a", take: 0), attempt: 1, token: 1),
      Lease(item: ItemKey(row: "a", take: 1), attempt: 0, token: 1),
    ] {
      #expect(throws: WireFault.value) { try WorkerMessage(WorkerMessage.returned([lease]).frames()) }
    }
  }

  @Test func payloadMustBeAnnouncedAndAsLongAsTheReceiptSays() throws {
    var frames = WorkerMessage.goodbye.frames()
    frames.payload = Data([1])
    #expect(throws: WireFault.payload) { try WorkerMessage(frames) }

    frames = WorkerMessage.finished(Samples.receipt, inline: Data([1, 2, 3, 4, 5])).frames()
    frames.payload = nil
    #expect(throws: WireFault.payload) { try WorkerMessage(frames) }
    frames.payload = Data([1, 2, 3, 4])
    #expect(throws: WireFault.payload) { try WorkerMessage(frames) }
  }

  @Test func oversizedFramesAreDroppedUnparsed() throws {
    var frames = WorkerMessage.goodbye.frames()
    frames.envelope.append(Data(count: WireLimits.workerEnvelopeBytes))
    #expect(throws: WireFault.oversize) { try WorkerMessage(frames) }
    #expect(throws: WireFault.oversize) {
      try WorkerMessage(Frames(envelope: Data(), payload: Data(count: WireLimits.payloadBytes + 1)))
    }
  }

  @Test func framesAreOneOrTwo() throws {
    #expect(throws: WireFault.frameCount) { try Frames(parts: []) }
    #expect(throws: WireFault.frameCount) { try Frames(parts: [Data(), Data(), Data()]) }
  }

  @Test func remarkStaysOneLineAndBounded() throws {
    let long = "first\nsecond\u{7}" + String(repeating: "é", count: WireLimits.remarkBytes)
    let message = WorkerMessage.failed(Samples.lease, .itemFault, message: long)
    guard case .failed(_, _, let text) = try WorkerMessage(message.frames()) else {
      Issue.record("another message")
      return
    }
    #expect(text.hasPrefix("first second "))
    #expect(text.utf8.count <= WireLimits.remarkBytes)
  }
}
