import ArgumentParser
import Foundation

/// Feeds seeded, structure-aware garbage to everything in Nocturne that reads bytes from outside.
@main
struct FuzzCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "nocturne-fuzz",
    abstract:
      "Mutated messages, manifests, jobs, checkpoints, outboxes and run directories: nothing may trap, hang or swell.",
    discussion: """
      Each input follows from its own seed, so `--target T --seed N --inputs 1` makes the one again that a failure \
      names. Readers run in a child process that writes the seed down before it reads; a trap, more than \
      \(FuzzLimits.secondsPerInput) s of CPU on one input, or more than \(FuzzLimits.memoryBytes >> 20) MiB of memory \
      end that child, and are reported with the seed.
      """)

  @Option(help: "Inputs in all, shared out among the targets.")
  var inputs = 10_000
  @Option(help: "Seed of the first input; the next has the next one.")
  var seed: UInt64 = 1
  @Option(help: ArgumentHelp("Only this one.", valueName: "target"))
  var target: String?
  @Option(help: "Read the files in the folders of this folder, named by target, instead: inputs that were once found.")
  var replay: String?
  @Option(help: "Write the input of every failure into this folder.")
  var keep: String?

  /// In the child: where it notes what it reads.
  @Option(help: .hidden)
  var mark: String?

  func validate() throws {
    if inputs < 1 { throw ValidationError("--inputs is \(inputs); it must be at least 1") }
    if let target, named(target) == nil {
      let known = FuzzTargets.all.map { $0.name }.joined(separator: ", ")
      throw ValidationError("--target is '\(target)'; it must be one of \(known)")
    }
  }

  func run() throws {
    let targets = target.flatMap(named).map { [$0] } ?? FuzzTargets.all
    if let mark, let first = targets.first {
      let child = FuzzChild(mark: try FuzzMark(mark))
      return try replay.map { try child.replay(first, in: $0) }
        ?? child.run(first, seeds: seed..<seed + UInt64(inputs))
    }
    let parent = FuzzParent(keep: keep, replay: replay)
    let isClean = try targets.map { type in
      try parent.run(type, seed: seed, inputs: target == nil ? FuzzTargets.inputs(of: inputs, for: type) : inputs)
    }.allSatisfy { $0 }
    if !isClean { throw ExitCode(1) }
  }

  private func named(_ name: String) -> (any FuzzTarget.Type)? {
    (FuzzTargets.all + [PlantedTarget.self]).first { $0.name == name }
  }
}

/// What one reader may take.
enum FuzzLimits {
  /// Of CPU, so that a busy machine is no hang.
  static let secondsPerInput = 10
  /// Of address space, over what the child has when it begins; an input is below 1 MiB.
  static let memoryBytes = 256 << 20
}
