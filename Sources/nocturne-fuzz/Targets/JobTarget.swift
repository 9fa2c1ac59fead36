import NocturneFarm
import NocturneManifest

/// The job file reader.
struct JobTarget: FuzzTarget {
  static let name = "job"
  static let share = 10.0

  private static let sample = """
    # A night.
    manifest: captions.csv
    out: ../out/night
    steps: 8
    guidance: 2.5
    seconds: 10
    seed: 0
    takes: 2
    format: flac
    schedule: linear
    precision: auto
    workers: 2
    threads: 1
    strict: false
    retry:
      limit: 3
      backoffSeconds: 5
      backoffLimitSeconds: 300
    sharding: {targetSeconds: 60, maxItems: 16}
    endpoints:
      listen: "tcp://127.0.0.1:5570"

    """

  private let file: ScratchFile

  init() throws { file = try ScratchFile() }

  func input(_ random: inout SeededGenerator) -> [UInt8] {
    var bytes = Array(Self.sample.utf8)
    TextMutation.apply(&bytes, &random)
    return bytes
  }

  func read(_ input: [UInt8]) -> Bool {
    file.write(input)
    _ = Job.isJob(path: file.path)
    do throws(JobError) {
      let job = try Job.read(path: file.path)
      precondition(!job.manifest.isEmpty && job.settings.firstFault(limits: RenderLimits()) == nil, "\(job)")
      return true
    } catch {
      precondition(!"\(error)".contains("\n"), "an error of several lines: \(error)")
      return false
    }
  }
}
