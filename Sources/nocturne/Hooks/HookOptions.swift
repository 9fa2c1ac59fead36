import ArgumentParser

/// Whom to tell when the run is over or in trouble; the job file has the same under `hooks`.
struct HookOptions: ParsableArguments {
  @Option(help: "Executable that is told of incidents: one JSON object on its standard input.")
  var hook: String?
  @Option(help: "URL that the same object is posted to.")
  var webhook: String?
  @Option(help: "Comma-separated: finished, stuck, quarantined, disk-low. Default: all.")
  var hookOn: String?
}
