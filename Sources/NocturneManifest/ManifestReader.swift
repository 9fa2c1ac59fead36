/// Reads a manifest of any format, detected by its content, in one streaming pass: validation, expansion and digest.
///
/// Memory is bounded, but for about 50 bytes a row that the search for duplicate ids needs.
package struct ManifestReader: Sendable {
  package struct Options: Hashable, Sendable {
    /// Settings of the run: model defaults, job file and command line already laid over each other.
    package var run: RenderSettings
    /// Fallback where neither row nor run says anything; its clip length is cut to the longest that the limits permit.
    package var base: RenderSpec
    package var limits: RenderLimits
    /// Whether the run directory's file system folds case. Then the later of two rows whose ids differ only in case is bad;
    /// otherwise a note says so.
    package var caseFolding: Bool
    /// Refuse the whole manifest when one row is bad.
    package var strict: Bool
    /// Render the first so many good rows only. All rows are validated all the same.
    package var limit: Int?

    package init(
      run: RenderSettings = RenderSettings(), base: RenderSpec = RenderSpec(), limits: RenderLimits = RenderLimits(),
      caseFolding: Bool = false, strict: Bool = false, limit: Int? = nil
    ) {
      self.run = run
      self.base = base
      self.limits = limits
      self.caseFolding = caseFolding
      self.strict = strict
      self.limit = limit
    }
  }

  private enum Input: Sendable {
    case path(String)
    case memory([UInt8], blockSize: Int)
  }

  /// The file's name in messages and in `run.json`; `<stdin>` for standard input.
  package let name: String
  package let options: Options
  private let input: Input

  /// - Parameter path: `-` is standard input, which can be read once only.
  package init(path: String, options: Options = Options()) {
    name = path == "-" ? "<stdin>" : path
    self.options = options
    input = .path(path)
  }

  /// A manifest in memory, handed to the scanners in blocks of `blockSize` bytes.
  package init(bytes: [UInt8], name: String, options: Options = Options(), blockSize: Int = 1 << 16) {
    precondition(blockSize > 0, "ManifestReader.init: block size \(blockSize), must be positive")
    self.name = name
    self.options = options
    input = .memory(bytes, blockSize: blockSize)
  }

  func openSource() throws(ManifestError) -> any ByteSource {
    switch input {
    case .path(let path): try FileSource(path: path, name: name)
    case .memory(let bytes, let blockSize): MemorySource(bytes, blockSize: blockSize)
    }
  }
}
