/// What a caption becomes for the semantic language model: one code per quantizer (model.md 1.3).
package struct CaptionPrefix: Hashable, Sendable {
  /// Code of quantizer q at index q, `0 ..< rvq.codes`.
  package let tokens: [Int]
  /// Whether the caption exceeded the text encoder's limit, so that its end was not read.
  package let truncated: Bool

  package init(tokens: [Int], truncated: Bool) {
    self.tokens = tokens
    self.truncated = truncated
  }
}
