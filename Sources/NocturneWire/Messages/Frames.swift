package import Foundation

/// One message as ZeroMQ carries it: an envelope, and the bytes of an artifact where the envelope announces them.
package struct Frames: Hashable, Sendable {
  package var envelope: Data
  package var payload: Data?

  package init(envelope: Data, payload: Data? = nil) {
    self.envelope = envelope
    self.payload = payload
  }

  /// - Parameter parts: the frames after the routing id.
  /// - Throws: `WireFault.frameCount` unless there are one or two.
  package init(parts: [Data]) throws(WireFault) {
    guard let envelope = parts.first, parts.count <= WireLimits.frames else { throw .frameCount }
    self.init(envelope: envelope, payload: parts.count == 2 ? parts[1] : nil)
  }
}
