internal import Yams

/// The farm's thresholds in a job file.
extension Job {
  private static let day = 86_400.0

  mutating func readPolicy(_ file: JobMapping) throws(JobError) {
    if let retries = try section("retry", ["limit", "backoffSeconds", "backoffLimitSeconds"], of: file) {
      retry.limit = try retries.whole("limit", 1...1000)
      (retry.backoffSeconds, retry.backoffLimitSeconds) = try pauses(
        "backoffSeconds", "backoffLimitSeconds", 0...Self.day, of: retries)
    }
    if let shards = try section("sharding", ["targetSeconds", "maxItems"], of: file) {
      sharding.targetSeconds = try shards.number("targetSeconds", 0.001...Self.day)
      sharding.maxItems = try shards.whole("maxItems", 1...4096)
    }
    if let shortages = try section("shortage", ["backoffSeconds", "backoffLimitSeconds"], of: file) {
      (shortage.backoffSeconds, shortage.backoffLimitSeconds) = try pauses(
        "backoffSeconds", "backoffLimitSeconds", 0.001...Self.day, of: shortages)
    }
    try readFailures(file)
    try readRemedies(file)
    try readLiveness(file)
    try readHooks(file)
  }

  /// Classes of failure and what each may cost; the other choices would let a run go on for ever, or blame an item for
  /// what is not its doing.
  private static let costs: [(failureClass: String, choices: [FailureCost])] = [
    ("bad-item", [.dead, .try]), ("item-fault", [.try, .dead]), ("worker-fault", [.try, .dead]),
    ("shortage", [.free, .try]), ("infrastructure", [.free]), ("preempted", [.free]),
  ]

  private mutating func readFailures(_ file: JobMapping) throws(JobError) {
    guard let mapping = try section("failures", Self.costs.map(\.failureClass), of: file) else { return }
    for (failureClass, choices) in Self.costs {
      guard let text = try mapping.text(failureClass) else { continue }
      guard let cost = FailureCost(rawValue: text), choices.contains(cost) else {
        throw mapping.fault(
          .unknownChoice, failureClass, "must be \(choices.map(\.rawValue).joined(separator: " or "))")
      }
      failures[failureClass] = cost
    }
  }

  private mutating func readRemedies(_ file: JobMapping) throws(JobError) {
    if let mapping = try section("quarantine", ["failures", "share", "probeSeconds", "probeLimitSeconds"], of: file) {
      quarantine.failures = try mapping.whole("failures", 0...1_000_000)
      quarantine.share = try mapping.number("share", 0...1)
      (quarantine.probeSeconds, quarantine.probeLimitSeconds) = try pauses(
        "probeSeconds", "probeLimitSeconds", 0.001...Self.day, of: mapping)
    }
    if let mapping = try section("earlyStop", ["items", "shards"], of: file) {
      earlyStop.items = try mapping.whole("items", 0...1_000_000)
      earlyStop.shards = try mapping.whole("shards", 1...1_000_000)
    }
    if let mapping = try section("hedging", ["multiple", "floorSeconds"], of: file) {
      hedging.multiple = try mapping.number("multiple", 0...1000)
      hedging.floorSeconds = try mapping.number("floorSeconds", 0...Self.day)
    }
  }

  private mutating func readLiveness(_ file: JobMapping) throws(JobError) {
    let keys = [
      "heartbeatSeconds", "timeoutHeartbeats", "stallMultiple", "stallFloorSeconds", "graceSeconds", "partingSeconds",
      "stuckSeconds",
    ]
    guard let mapping = try section("liveness", keys, of: file) else { return }
    liveness.heartbeatSeconds = try mapping.number("heartbeatSeconds", 0.05...3600)
    liveness.timeoutHeartbeats = try mapping.number("timeoutHeartbeats", 2...1000)
    let timeout =
      (liveness.heartbeatSeconds ?? Liveness.heartbeatSeconds)
      * (liveness.timeoutHeartbeats ?? Liveness.timeoutHeartbeats)
    guard timeout <= Self.day else {
      throw mapping.fault(
        .outOfRange, "timeoutHeartbeats", "must be at most a day of heartbeats, here \(timeout.plain) s")
    }
    liveness.stallMultiple = try mapping.number("stallMultiple", 1...100_000)
    liveness.stallFloorSeconds = try mapping.number("stallFloorSeconds", 0.1...Self.day)
    liveness.graceSeconds = try mapping.number("graceSeconds", 0.1...Self.day)
    let least = Liveness.graceHeartbeats * (liveness.heartbeatSeconds ?? Liveness.heartbeatSeconds)
    if let grace = liveness.graceSeconds, grace < least {
      throw mapping.fault(
        .outOfRange, "graceSeconds",
        "must be at least \(Liveness.graceHeartbeats.plain) heartbeats, here \(least.plain): who lives is heard within them"
      )
    }
    liveness.partingSeconds = try mapping.number("partingSeconds", 0...3600)
    liveness.stuckSeconds = try mapping.number("stuckSeconds", 1...Self.day)
  }

  private mutating func readHooks(_ file: JobMapping) throws(JobError) {
    let keys = ["exec", "webhook", "on", "timeoutSeconds", "diskLowMegabytes"]
    guard let mapping = try section("hooks", keys, of: file) else { return }
    hooks.location = mapping.location
    hooks.exec = try mapping.text("exec").map { Self.resolve($0, against: path) }
    hooks.webhook = try mapping.text("webhook")
    hooks.on = try mapping.texts("on")
    hooks.timeoutSeconds = try mapping.number("timeoutSeconds", 0.1...3600)
    hooks.diskLowMegabytes = try mapping.whole("diskLowMegabytes", 0...1_000_000_000)
  }

  /// The first pause, and the longest that it grows to.
  private func pauses(
    _ first: String, _ longest: String, _ range: ClosedRange<Double>, of mapping: JobMapping
  ) throws(JobError) -> (Double?, Double?) {
    let (pause, limit) = (try mapping.number(first, range), try mapping.number(longest, range))
    if let pause, let limit, limit < pause {
      throw mapping.fault(.outOfRange, longest, "must be at least \(first), here \(pause.plain)")
    }
    return (pause, limit)
  }

  private func section(_ name: String, _ keys: [String], of file: JobMapping) throws(JobError) -> JobMapping? {
    guard let node = file.node(name) else { return nil }
    return try JobMapping(node, name: name, known: keys, file: path)
  }
}
