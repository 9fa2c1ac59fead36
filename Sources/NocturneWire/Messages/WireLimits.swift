/// What a message may hold. Checked before anything is parsed or believed, because a frame may come from anyone.
package enum WireLimits {
  /// Envelope and payload.
  package static let frames = 2
  /// Bytes of an envelope from a worker: a hello that lists every lease of a large outbox fits many times over.
  package static let workerEnvelopeBytes = 4 << 20
  /// Bytes of an envelope from the coordinator: a shard with the longest captions.
  package static let coordinatorEnvelopeBytes = 32 << 20
  /// Bytes of a payload. Also the largest artifact that rides inline, so that audio never starves the heartbeats.
  package static let payloadBytes = 1 << 20
  /// What CURVE adds to a frame.
  package static let curveBytes = 64
  /// Bytes of a frame that belongs to a handshake.
  package static let handshakeBytes = 4_096
  /// Bytes of a worker's name, which is its routing id.
  package static let workerNameBytes = 64
  /// Leases in one list.
  package static let leases = 65_536
  /// Items in one shard.
  package static let shardItems = 4_096
  /// Shards of credit.
  package static let credit = 1_024
  /// Bytes of ids, file names, fingerprints, host names and tags.
  package static let nameBytes = 255
  /// Bytes of an error message or note.
  package static let remarkBytes = 4_096
  /// Tags, notes and stages in one list.
  package static let listEntries = 64
  /// Bytes of a caption.
  package static let captionBytes = 16 << 20
  /// Length of a clip.
  package static let clipSeconds = 86_400.0
  /// Between two heartbeats, and until a silent peer is given up.
  package static let heartbeatSeconds = 0.001...86_400
  /// Bytes of an artifact.
  package static let artifactBytes = 1 << 40
}
