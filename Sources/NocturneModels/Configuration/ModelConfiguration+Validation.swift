extension ModelConfiguration {
  /// Refuses what the networks cannot express.
  package func validate(source: String) throws(ConfigurationError) {
    func require(_ condition: Bool, _ message: @autoclosure () -> String) throws(ConfigurationError) {
      if !condition { throw ConfigurationError(.impossible, message(), source: source) }
    }
    try require(format == Self.currentFormat, "format \(format), expected \(Self.currentFormat)")
    // The upper end keeps the number of a tensor's elements within an integer.
    for (key, value) in positives where !(1...1 << 20).contains(value) {
      try require(false, "\(key) is \(value), expected 1...\(1 << 20)")
    }
    for (key, values) in positiveLists {
      try require(!values.isEmpty, "\(key) is empty")
      for value in values where !(1...1 << 20).contains(value) {
        try require(false, "\(key) has \(value), expected 1...\(1 << 20)")
      }
    }
    // Below, a root of a negative mean is not a number, and so is an angle of an infinite rate.
    for (key, value) in [
      ("mulan.bert.epsilon", mulan.bert.epsilon), ("lm.epsilon", lm.epsilon), ("dpd.epsilon", dpd.epsilon),
      ("lm.rope", lm.rope),
    ] {
      try require(value > 0 && value.isFinite, "\(key) is \(value), expected above 0")
    }
    try require(hop * latentRate == sampleRate, "hop * latentRate is \(hop * latentRate), not sampleRate \(sampleRate)")

    let bert = mulan.bert
    try require(bert.dim % bert.heads == 0, "mulan.bert.dim \(bert.dim) does not divide into \(bert.heads) heads")
    try require(
      bert.maxTokens >= 2 && bert.maxTokens <= bert.positions,
      "mulan.bert.maxTokens is \(bert.maxTokens), expected 2...\(bert.positions)")

    try require(lm.dim % lm.heads == 0, "lm.dim \(lm.dim) does not divide into \(lm.heads) heads")
    try require((lm.dim / lm.heads) % 2 == 0, "lm: rotary positions need an even head width")
    try require(lm.temperature >= 0, "lm.temperature is \(lm.temperature), expected at least 0")
    try require(lm.topK >= 0, "lm.topK is \(lm.topK), expected at least 0 (0 is off)")
    try require(lm.topP > 0 && lm.topP <= 1, "lm.topP is \(lm.topP), expected above 0 and at most 1 (1 is off)")

    try require(dpd.dim % dpd.roformer.heads == 0, "dpd.dim does not divide into \(dpd.roformer.heads) heads")
    try require((dpd.dim / dpd.roformer.heads) % 2 == 0, "dpd: rotary positions need an even head width")
    try require(2 * dpd.sru.units == dpd.dim, "2 * dpd.sru.units is \(2 * dpd.sru.units), not dpd.dim \(dpd.dim)")
    try require(dpd.segment % 2 == 0, "dpd.segment \(dpd.segment) is odd")
    let doublings = (dpd.blocks + 1) / 2
    try require(
      doublings < 20 && 1 << doublings <= dpd.segment,
      "dpd.segment \(dpd.segment) is below 2^\(doublings), the widest merge of \(dpd.blocks) blocks")

    let decoder = vae.decoder
    try require(Self.product(decoder.rates) == hop, "vae.decoder.rates do not multiply to hop \(hop)")
    try require(
      decoder.widths.count == decoder.rates.count && decoder.kernels.count == decoder.rates.count,
      "vae.decoder: rates, widths and kernels differ in number")
    try require(zip(decoder.kernels, decoder.rates).allSatisfy(>=), "vae.decoder: a kernel is shorter than its rate")
    try require(decoder.mrfKernels.allSatisfy { $0 % 2 == 1 }, "vae.decoder.mrfKernels must be odd")
    let encoder = vae.encoder
    for count in encoder.mrfCounts where !(0...1 << 20).contains(count) {
      try require(false, "vae.encoder.mrfCounts has \(count), expected 0...\(1 << 20)")
    }
    try require(Self.product(encoder.rates) == hop, "vae.encoder.rates do not multiply to hop \(hop)")
    try require(
      [encoder.widths, encoder.kernels, encoder.mrfCounts].allSatisfy { $0.count == encoder.rates.count },
      "vae.encoder: rates, widths, kernels and mrfCounts differ in number")
    try require(
      tokenizer.kernels.count == tokenizer.strides.count && tokenizer.pad.count == 2,
      "tokenizer: kernels and strides differ in number, or pad is not two numbers")
    try require(
      Self.product(tokenizer.strides + [semanticRate]) == sampleRate,
      "tokenizer.strides do not multiply to sampleRate / semanticRate")
  }

  /// 0 where it is no integer.
  private static func product(_ values: [Int]) -> Int {
    values.reduce(1) { product, value in
      let (next, overflows) = product.multipliedReportingOverflow(by: value)
      return overflows ? 0 : next
    }
  }

  private var positives: [(String, Int)] {
    [
      ("sampleRate", sampleRate), ("hop", hop), ("latentDim", latentDim), ("latentRate", latentRate),
      ("semanticRate", semanticRate), ("semanticVocab", semanticVocab), ("clipSeconds", clipSeconds),
      ("mulan.dim", mulan.dim), ("mulan.bert.vocab", mulan.bert.vocab), ("mulan.bert.positions", mulan.bert.positions),
      ("mulan.bert.layers", mulan.bert.layers), ("mulan.bert.dim", mulan.bert.dim),
      ("mulan.bert.heads", mulan.bert.heads), ("mulan.bert.ffn", mulan.bert.ffn),
      ("mulan.ast.layers", mulan.ast.layers), ("mulan.ast.dim", mulan.ast.dim), ("mulan.ast.heads", mulan.ast.heads),
      ("mulan.ast.ffn", mulan.ast.ffn), ("mulan.ast.mel", mulan.ast.mel), ("mulan.ast.frames", mulan.ast.frames),
      ("mulan.ast.patch", mulan.ast.patch), ("mulan.ast.stride", mulan.ast.stride),
      ("rvq.quantizers", rvq.quantizers), ("rvq.codes", rvq.codes),
      ("lm.layers", lm.layers), ("lm.dim", lm.dim), ("lm.heads", lm.heads), ("lm.ffn", lm.ffn),
      ("dpd.dim", dpd.dim), ("dpd.blocks", dpd.blocks), ("dpd.segment", dpd.segment), ("dpd.chunks", dpd.chunks),
      ("dpd.angleDim", dpd.angleDim), ("dpd.roformer.layers", dpd.roformer.layers),
      ("dpd.roformer.heads", dpd.roformer.heads), ("dpd.roformer.ffn", dpd.roformer.ffn),
      ("dpd.sru.layers", dpd.sru.layers), ("dpd.sru.units", dpd.sru.units),
      ("vae.decoder.initial", vae.decoder.initial), ("vae.encoder.initial", vae.encoder.initial),
      ("tokenizer.channels", tokenizer.channels), ("tokenizer.layers", tokenizer.layers),
      ("tokenizer.dim", tokenizer.dim), ("tokenizer.ffn", tokenizer.ffn), ("tokenizer.depthwise", tokenizer.depthwise),
      ("tokenizer.positionalKernel", tokenizer.positionalKernel),
      ("tokenizer.positionalGroups", tokenizer.positionalGroups),
    ]
  }

  private var positiveLists: [(String, [Int])] {
    [
      ("vae.decoder.widths", vae.decoder.widths), ("vae.decoder.rates", vae.decoder.rates),
      ("vae.decoder.kernels", vae.decoder.kernels), ("vae.decoder.mrfKernels", vae.decoder.mrfKernels),
      ("vae.decoder.dilations", vae.decoder.dilations), ("vae.encoder.widths", vae.encoder.widths),
      ("vae.encoder.rates", vae.encoder.rates), ("vae.encoder.kernels", vae.encoder.kernels),
      ("vae.encoder.mrfKernels", vae.encoder.mrfKernels), ("vae.encoder.dilations", vae.encoder.dilations),
      ("tokenizer.kernels", tokenizer.kernels), ("tokenizer.strides", tokenizer.strides),
    ]
  }
}
