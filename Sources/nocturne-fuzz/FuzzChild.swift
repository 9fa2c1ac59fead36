import Foundation
import NocturneFarm

/// Reads one input after the other under limits, and notes each before it does.
struct FuzzChild {
  let mark: FuzzMark

  /// - Parameter seeds: one for each input.
  func run(_ type: (some FuzzTarget).Type, seeds: Range<UInt64>) throws {
    var target = try type.init()
    var accepted = 0
    limitMemory()
    for seed in seeds {
      mark.value = seed
      limitTime()
      var random = SeededGenerator(seed: seed)
      if target.read(try target.input(&random)) { accepted += 1 }
    }
    report(type, inputs: seeds.count, accepted: accepted)
  }

  func replay(_ type: (some FuzzTarget).Type, in folder: String) throws {
    var target = try type.init()
    let files = try Self.files(of: type, in: folder)
    var accepted = 0
    limitMemory()
    for (number, file) in files.enumerated() {
      mark.value = UInt64(number)
      limitTime()
      if target.read(Array(try Data(contentsOf: URL(filePath: file)))) { accepted += 1 }
    }
    report(type, inputs: files.count, accepted: accepted)
  }

  /// In the order of their names; none when the target has no folder.
  static func files(of type: any FuzzTarget.Type, in folder: String) throws -> [String] {
    let own = "\(folder)/\(type.name)"
    guard FileManager.default.fileExists(atPath: own) else { return [] }
    return try FileManager.default.contentsOfDirectory(atPath: own).sorted().map { "\(own)/\($0)" }
  }

  private func report(_ type: any FuzzTarget.Type, inputs: Int, accepted: Int) {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    let seconds = Double(usage.ru_utime.tv_sec) + Double(usage.ru_utime.tv_usec) * 1e-6
    print(
      "\(type.name): \(inputs) inputs, \(accepted) accepted, \(inputs - accepted) refused, "
        + String(format: "%.1f s of CPU, ", seconds) + "\(usage.ru_maxrss >> 10) MiB")
  }

  /// The kernel refuses more address space, and what asked for it ends in a trap.
  private func limitMemory() {
    let pages = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8))?.split(separator: " ").first
    let bytes = (pages.flatMap { rlim_t($0) } ?? 0) * rlim_t(getpagesize()) + rlim_t(FuzzLimits.memoryBytes)
    var limit = rlimit(rlim_cur: bytes, rlim_max: bytes)
    setrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit)
  }

  /// SIGPROF when it is over, which ends the process.
  private func limitTime() {
    var timer = itimerval(
      it_interval: timeval(), it_value: timeval(tv_sec: FuzzLimits.secondsPerInput, tv_usec: 0))
    setitimer(__itimer_which_t(ITIMER_PROF.rawValue), &timer, nil)
  }
}
