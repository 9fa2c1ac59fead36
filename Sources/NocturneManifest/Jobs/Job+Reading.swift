internal import Yams

extension Job {
  private static let maximumBytes = 1 << 20
  private static let keys =
    [
      "manifest", "out", "model", "textEncoder", "precision", "workers", "threads", "limit", "strict", "json", "quiet",
      "retry", "sharding", "endpoints", "failures", "shortage", "quarantine", "earlyStop", "hedging", "liveness",
      "hooks",
    ] + RenderOption.allCases.map(\.rawValue)

  /// Reads a job file.
  /// - Throws: `JobError`, with the line and column of the key or value at fault.
  package static func read(path: String, limits: RenderLimits = RenderLimits()) throws(JobError) -> Job {
    try parse(text(path), path: path, limits: limits)
  }

  static func parse(_ yaml: String, path: String, limits: RenderLimits = RenderLimits()) throws(JobError) -> Job {
    let file = try JobMapping(root(yaml, path), name: "the job file", known: keys, file: path)
    guard let manifest = try file.text("manifest") else {
      throw JobError(
        code: .missingKey, message: "no key \"manifest\"; a job must name what to render",
        location: SourceLocation(file: path))
    }
    var job = Job(path: path, manifest: manifest == "-" ? manifest : resolve(manifest, against: path))
    for option in RenderOption.allCases { try file.set(option, in: &job.settings, limits: limits) }
    job.out = try file.text("out").map { resolve($0, against: path) }
    job.model = try file.text("model").map { resolve($0, against: path) }
    job.textEncoder = try file.text("textEncoder").map { resolve($0, against: path) }
    if let text = try file.text("precision") {
      guard let precision = NumericPrecision(rawValue: text) else {
        throw file.fault(.unknownChoice, "precision", "must be auto, bf16, f32 or int8")
      }
      job.precision = precision
    }
    job.workers = try file.whole("workers", 0...1024)
    job.threads = try file.whole("threads", 1...1024)
    job.limit = try file.whole("limit", 1...Int(Int32.max))
    job.strict = try file.flag("strict")
    job.json = try file.flag("json")
    job.quiet = try file.flag("quiet")
    try job.readEndpoints(file)
    try job.readPolicy(file)
    return job
  }

  private mutating func readEndpoints(_ file: JobMapping) throws(JobError) {
    guard let node = file.node("endpoints") else { return }
    let keys = ["listen", "key", "admit", "insecureLoopback"]
    let mapping = try JobMapping(node, name: "endpoints", known: keys, file: path)
    endpoints.listen = try mapping.text("listen")
    endpoints.key = try mapping.text("key").map { Self.resolve($0, against: path) }
    endpoints.admit = try mapping.text("admit").map { Self.resolve($0, against: path) }
    endpoints.insecureLoopback = try mapping.flag("insecureLoopback")
  }

  static func resolve(_ text: String, against job: String) -> String {
    guard !text.hasPrefix("/"), let slash = job.lastIndex(of: "/") else { return text }
    return job[...slash] + text
  }

  private static func root(_ yaml: String, _ path: String) throws(JobError) -> Node {
    do {
      if let node = try Yams.compose(yaml: yaml) { return node }
    } catch let error as YamlError {
      throw badYAML(error, path)
    } catch {
      throw JobError(code: .badYAML, message: "not YAML", location: SourceLocation(file: path))
    }
    throw JobError(
      code: .missingKey, message: "the job file is empty; it needs a manifest", location: SourceLocation(file: path))
  }

  private static func badYAML(_ error: YamlError, _ path: String) -> JobError {
    let (problem, mark): (String, Mark?) =
      switch error {
      case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
        .composer(_, let problem, let mark, _):
        (problem, mark)
      case .duplicatedKeysInMapping(let duplicates, let context):
        ("the key \(quoted(duplicates.first ?? "")) stands twice", context.mark)
      case .reader(let problem, _, _, _): (problem, nil)
      default: ("it cannot be read", nil)
      }
    return JobError(
      code: .badYAML, message: "not YAML: \(problem)",
      location: SourceLocation(file: path, line: mark?.line ?? 0, column: mark?.column ?? 0))
  }

  /// The whole file.
  private static func text(_ path: String) throws(JobError) -> String {
    func refuse(_ message: String) -> JobError {
      JobError(code: .unreadable, message: message, location: SourceLocation(file: path))
    }
    var bytes: [UInt8] = []
    do throws(ManifestError) {
      let source = try FileSource(path: path, name: path)
      while case let block = try source.nextBlock(), !block.isEmpty {
        bytes += block
        if bytes.count > maximumBytes { throw ManifestError(code: .notText, message: "", location: .init(file: path)) }
      }
    } catch {
      throw refuse(
        error.code == .notText
          ? "larger than \(maximumBytes) bytes; is this a job file?"
          : error.message.replacing("the manifest", with: "the job file"))
    }
    if bytes.starts(with: byteOrderMark) { bytes.removeFirst(byteOrderMark.count) }
    guard let text = String(validating: bytes, as: UTF8.self) else { throw refuse("not UTF-8; save it as UTF-8") }
    return text
  }
}
