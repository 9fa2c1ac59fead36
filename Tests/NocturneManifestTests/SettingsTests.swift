import NocturneManifest
import Testing

struct SettingsTests {
  @Test func strongerLayersReplaceOnlyWhatTheyState() {
    let job = RenderSettings(steps: 8, guidance: 3, takes: 2)
    let line = RenderSettings(guidance: 1, seed: 4, format: .wav)
    #expect(
      job.overlaid(by: line) == RenderSettings(steps: 8, guidance: 1, seed: 4, takes: 2, format: .wav))
    #expect(RenderSettings().overlaid(by: job) == job)
    #expect(job.overlaid(by: RenderSettings()) == job)
  }

  @Test func everyOptionIsOverlaidAndResolved() throws {
    let values: [RenderOption: String] = [
      .steps: "7", .guidance: "1.5", .seconds: "4", .seed: "11", .takes: "3", .format: "wav", .schedule: "uniform",
    ]
    #expect(Set(values.keys) == Set(RenderOption.allCases))
    for (option, value) in values {
      var settings = RenderSettings()
      try settings.set(option, to: value, limits: RenderLimits())
      #expect(settings.text(of: option) == value)
      #expect(RenderSettings().overlaid(by: settings).text(of: option) == value)
      #expect(RenderOption.allCases.filter { settings.text(of: $0) != nil } == [option])
    }
    var all = RenderSettings()
    for (option, value) in values { try all.set(option, to: value, limits: RenderLimits()) }
    #expect(all.resolve() == RenderSpec(steps: 7, guidance: 1.5, seconds: 4, schedule: .uniform, format: .wav))
    #expect(RenderSettings().resolve() == RenderSpec())
  }

  @Test func messagesNameTheOptionTheValueAndTheRange() throws {
    var settings = RenderSettings()
    let fault = try #require(throws: SettingFault.self) {
      try settings.set(.seconds, to: "11", limits: RenderLimits(maximumSeconds: 10))
    }
    #expect(fault.message == "seconds is \"11\"; it must be above 0, at most 10")
    #expect(settings.firstFault(limits: RenderLimits()) == nil)
    settings.seconds = 0.1
    #expect(
      settings.firstFault(limits: RenderLimits(above: 0.1))?.message == "seconds is \"0.1\"; it must be above 0.1")
    settings.seconds = 11
    #expect(settings.firstFault(limits: RenderLimits(maximumSeconds: 10))?.message == fault.message)
  }
}
