import Foundation
import NocturneCoordinator
import NocturneManifest
import NocturneModels
import NocturneRender
import NocturneTensor
import NocturneWire
import NocturneWorker

/// Why a command ends early: one line for standard error and an exit code.
struct CommandFailure: Error, CustomStringConvertible {
  var status: ExitStatus
  /// What, where and what to do.
  var message: String

  init(_ status: ExitStatus, _ message: String) {
    self.status = status
    self.message = message
  }

  /// The one place where typed errors become exit codes.
  init(wrapping error: any Error) {
    if let failure = error as? CommandFailure {
      self = failure
      return
    }
    self.init(Self.status(of: error), "\(error)")
  }

  private static func status(of error: any Error) -> ExitStatus {
    switch error {
    case let error as ConfigurationError where error.code == .unknownName: .usage
    case let error as CheckpointError where error.code == .output: .cannotWrite
    case is ManifestError, is JobError, is SafetensorsError, is CheckpointError, is ConfigurationError: .badInput
    case let error as WireError: ExitStatus(rawValue: error.exitStatus) ?? .unavailable
    case let error as KeyError: ExitStatus(rawValue: error.exitStatus) ?? .badInput
    case let error as RunError: ExitStatus(rawValue: error.exitStatus) ?? .cannotWrite
    case let error as JournalFault where error.isDamage: .badInput
    case is OutboxError, is FileFault, is JournalFault: .cannotWrite
    default: .failure
    }
  }

  var description: String { message }

  func reportAndExit() -> Never {
    Terminal.remark("nocturne: \(message)")
    exit(status.rawValue)
  }
}
