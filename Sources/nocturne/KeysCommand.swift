import ArgumentParser
import Foundation
import NocturneWire

struct KeysCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "keys", abstract: "Make the keys with which coordinator and workers know each other over tcp.",
    subcommands: [KeysNewCommand.self])
}

struct KeysNewCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "new",
    abstract: "Make a key pair: NAME.key, which only you can read, and NAME.pub, which may be handed on.",
    discussion: """
      The coordinator starts with its own secret key and the public keys of its workers (--key coordinator.key --admit \
      DIR_OR_FILE), a worker with its own secret key and the coordinator's public one (--key worker.key \
      --coordinator-key coordinator.pub). One pair may serve many workers.
      """)

  @Option(help: "Directory of the files; made when missing.")
  var out = "."
  @Option(help: "Name of the files. Default: this machine's.")
  var name: String?

  func run() throws {
    let name = name ?? ProcessInfo.processInfo.hostName
    guard isSafeFileName(name), name.allSatisfy({ !$0.isWhitespace }) else {
      throw ValidationError("--name is '\(name)'; it must be able to be a file name without blanks")
    }
    let pair = KeyPair.fresh()
    let paths = try pair.write(named: name, in: out)
    print("\(paths.secret)  secret, mode 0600: stays with its owner")
    print("\(paths.public)  public: \(pair.publicKey)")
  }
}
