/// A job file: a manifest and how to render it. Every key is optional but `manifest`; nil means that the file says nothing,
/// so the command line overrides it and the built-in defaults fill in.
///
/// Relative paths (`manifest`, `out`, `model`, `textEncoder`, `key`, `admit`) are resolved against the job file's folder, so a job means the same from
/// every working directory.
package struct Job: Hashable, Sendable {
  /// When an item is tried again (farm.md, "Failure classes").
  package struct Retry: Hashable, Sendable {
    /// Tries in all, at least 1.
    package var limit: Int?
    /// Wait before the second try; it doubles with each further one.
    package var backoffSeconds: Double?
    /// The longest wait.
    package var backoffLimitSeconds: Double?

    package init(limit: Int? = nil, backoffSeconds: Double? = nil, backoffLimitSeconds: Double? = nil) {
      self.limit = limit
      self.backoffSeconds = backoffSeconds
      self.backoffLimitSeconds = backoffLimitSeconds
    }
  }

  /// How large the shards are that a worker is granted.
  package struct Sharding: Hashable, Sendable {
    package var targetSeconds: Double?
    package var maxItems: Int?

    package init(targetSeconds: Double? = nil, maxItems: Int? = nil) {
      self.targetSeconds = targetSeconds
      self.maxItems = maxItems
    }
  }

  /// Out of memory or disk: how long a worker, or the run, pauses.
  package struct Shortage: Hashable, Sendable {
    package var backoffSeconds: Double?
    package var backoffLimitSeconds: Double?

    package init() {}
  }

  /// When a worker that fails what others render is shut out, and probed.
  package struct Quarantine: Hashable, Sendable {
    /// 0 turns it off.
    package var failures: Int?
    /// 0...1.
    package var share: Double?
    package var probeSeconds: Double?
    package var probeLimitSeconds: Double?

    package init() {}
  }

  /// When a run that fails from its first item on is stopped.
  package struct EarlyStop: Hashable, Sendable {
    /// 0 turns it off.
    package var items: Int?
    package var shards: Int?

    package init() {}
  }

  /// When idle workers render what others are late with.
  package struct Hedging: Hashable, Sendable {
    /// 0 turns it off.
    package var multiple: Double?
    package var floorSeconds: Double?

    package init() {}
  }

  /// Who is told when the run is over or in trouble.
  package struct Hooks: Hashable, Sendable {
    /// Resolved path of an executable.
    package var exec: String?
    package var webhook: String?
    /// `Incident.Kind` by its raw value.
    package var on: [String]?
    package var timeoutSeconds: Double?
    package var diskLowMegabytes: Int?
    /// Where the job file speaks of them.
    package var location: SourceLocation?

    package init() {}
  }

  /// When somebody counts as gone or stuck.
  package struct Liveness: Hashable, Sendable {
    /// When the file does not say.
    package static let heartbeatSeconds = 2.0
    package static let timeoutHeartbeats = 10.0
    /// The least grace: whoever lives and has something to tell is heard several times within it.
    package static let graceHeartbeats = 5.0

    package var heartbeatSeconds: Double?
    package var timeoutHeartbeats: Double?
    package var stallMultiple: Double?
    package var stallFloorSeconds: Double?
    package var graceSeconds: Double?
    package var partingSeconds: Double?
    package var stuckSeconds: Double?

    package init() {}
  }

  package struct Endpoints: Hashable, Sendable {
    /// Where the coordinator listens besides its local `ipc://` socket, for example `tcp://127.0.0.1:5555`.
    package var listen: String?
    /// Resolved secret key file of the coordinator.
    package var key: String?
    /// Resolved file or directory of the public keys of the workers that may join.
    package var admit: String?
    /// TCP on loopback goes in clear.
    package var insecureLoopback: Bool?

    package init(
      listen: String? = nil, key: String? = nil, admit: String? = nil, insecureLoopback: Bool? = nil
    ) {
      self.listen = listen
      self.key = key
      self.admit = admit
      self.insecureLoopback = insecureLoopback
    }

    /// With everything that `other` states in its place. Keys and their absence are one question: who answers one part
    /// of it, answers it whole.
    package func overlaid(by other: Endpoints) -> Endpoints {
      let answers = other.key != nil || other.admit != nil || other.insecureLoopback != nil
      return Endpoints(
        listen: other.listen ?? listen, key: answers ? other.key : key, admit: answers ? other.admit : admit,
        insecureLoopback: answers ? other.insecureLoopback : insecureLoopback)
    }
  }

  /// The job file, as the user gave it.
  package var path: String
  /// Resolved; `-` for standard input.
  package var manifest: String
  package var settings: RenderSettings
  /// Resolved run directory.
  package var out: String?
  /// Resolved checkpoint directory.
  package var model: String?
  /// Resolved directory of an external text encoder.
  package var textEncoder: String?
  package var precision: NumericPrecision?
  package var workers: Int?
  package var threads: Int?
  package var limit: Int?
  package var strict: Bool?
  package var json: Bool?
  package var quiet: Bool?
  package var retry: Retry
  package var sharding: Sharding
  package var endpoints: Endpoints
  /// By the name of the failure class, as `errors.jsonl` has it.
  package var failures: [String: FailureCost] = [:]
  package var shortage = Shortage()
  package var quarantine = Quarantine()
  package var earlyStop = EarlyStop()
  package var hedging = Hedging()
  package var liveness = Liveness()
  package var hooks = Hooks()

  package init(
    path: String, manifest: String, settings: RenderSettings = RenderSettings(), out: String? = nil,
    model: String? = nil, textEncoder: String? = nil, precision: NumericPrecision? = nil, workers: Int? = nil,
    threads: Int? = nil,
    limit: Int? = nil, strict: Bool? = nil, json: Bool? = nil, quiet: Bool? = nil, retry: Retry = Retry(),
    sharding: Sharding = Sharding(), endpoints: Endpoints = Endpoints()
  ) {
    self.path = path
    self.manifest = manifest
    self.settings = settings
    self.out = out
    self.model = model
    self.textEncoder = textEncoder
    self.precision = precision
    self.workers = workers
    self.threads = threads
    self.limit = limit
    self.strict = strict
    self.json = json
    self.quiet = quiet
    self.retry = retry
    self.sharding = sharding
    self.endpoints = endpoints
  }
}
