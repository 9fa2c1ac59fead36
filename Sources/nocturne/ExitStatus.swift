/// The documented exit codes of every command.
enum ExitStatus: Int32 {
  case complete = 0
  /// Anything not foreseen; a bug report is welcome.
  case failure = 1
  case deadItems = 2
  case usage = 64
  case badInput = 65
  case unavailable = 69
  case cannotWrite = 73
  case resumable = 75
}
