/// Reads a manifest of any format, detected by its content, in one streaming pass: validation, expansion and digest.
///
/// Memory is bounded but for about 60 bytes a row that the search for duplicate ids needs.
package struct ManifestReader: Sendable {
  package struct Options: Hashable, Sendable {
    /// Settings of the run: model defaults, job file and command line already laid over each other.
    package var run: RenderSettings
    /// Fallback where neither row nor run says anything.
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

  /// A path, or `-` for standard input.
  package let path: String
  package let options: Options

  package init(path: String, options: Options = Options()) {
    self.path = path
    self.options = options
  }
}
