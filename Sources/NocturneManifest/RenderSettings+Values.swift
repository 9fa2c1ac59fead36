/// A setting whose value cannot be used; the caller adds the place.
package struct SettingFault: Error, Hashable, Sendable, CustomStringConvertible {
  package var option: RenderOption
  package var code: ManifestError.Code
  package var message: String

  package var description: String { message }
}

extension RenderSettings {
  /// Sets an option from its text in a manifest cell, job file or command line. Blanks around the text are ignored;
  /// whole numbers may carry an empty fraction (`5.0`), as spreadsheets write them.
  package mutating func set(_ option: RenderOption, to text: String, limits: RenderLimits) throws(SettingFault) {
    let value = text.trimmed
    func refuse(_ code: ManifestError.Code) -> SettingFault {
      SettingFault(
        option: option, code: code,
        message: "\(option.rawValue) is \(quoted(text)); it must be \(option.range(limits: limits))")
    }
    func whole() throws(SettingFault) -> Int {
      guard let number = Decimal.whole(value) else {
        throw refuse(Decimal.number(value) == nil ? .notANumber : .outOfRange)
      }
      return number
    }
    func number() throws(SettingFault) -> Double {
      guard let number = Decimal.number(value) else { throw refuse(.notANumber) }
      return number
    }
    switch option {
    case .steps:
      let number = try whole()
      guard RenderLimits.steps.contains(number) else { throw refuse(.outOfRange) }
      steps = number
    case .guidance:
      let number = try number()
      guard RenderLimits.guidance.contains(number) else { throw refuse(.outOfRange) }
      guidance = number
    case .seconds:
      let number = try number()
      guard number > limits.shortestSeconds, number <= limits.maximumSeconds else { throw refuse(.outOfRange) }
      seconds = number
    case .seed:
      let number = try whole()
      guard number >= 0, number <= ItemSeed.maximum else { throw refuse(.outOfRange) }
      seed = UInt64(number)
    case .takes:
      let number = try whole()
      guard RenderLimits.takes.contains(number) else { throw refuse(.outOfRange) }
      takes = number
    case .format:
      guard let choice = AudioFormat(rawValue: value.lowercased()) else { throw refuse(.unknownChoice) }
      format = choice
    case .schedule:
      guard let choice = AngleScheduleKind(rawValue: value.lowercased()) else { throw refuse(.unknownChoice) }
      schedule = choice
    }
  }

  /// The first setting outside its range, in the order of `RenderOption`; nil when all can be used. For settings that
  /// did not come through `set`, and for checking a layer again once the model's longest clip is known.
  package func firstFault(limits: RenderLimits) -> SettingFault? {
    for option in RenderOption.allCases {
      guard let text = text(of: option) else { continue }
      var probe = RenderSettings()
      do throws(SettingFault) { try probe.set(option, to: text, limits: limits) } catch { return error }
    }
    return nil
  }

  /// A setting as text, nil where the layer says nothing.
  package func text(of option: RenderOption) -> String? {
    switch option {
    case .steps: steps.map(String.init)
    case .guidance: guidance.map(\.plain)
    case .seconds: seconds.map(\.plain)
    case .seed: seed.map(String.init)
    case .takes: takes.map(String.init)
    case .format: format?.rawValue
    case .schedule: schedule?.rawValue
    }
  }
}
