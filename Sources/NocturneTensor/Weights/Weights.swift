import Synchronization

/// A checkpoint file read by scoped paths, which remembers what was read: a network asks each of its parts for its own
/// keys, and `finish` refuses a file that holds more.
package struct Weights: Sendable {
  package let file: SafetensorsFile
  package let backend: any Backend
  /// Keys begin with this and a full stop; empty at the top.
  package let scope: String
  private let ledger: Ledger

  package init(file: SafetensorsFile, on backend: any Backend) {
    self.init(file: file, backend: backend, scope: "", ledger: Ledger())
  }

  private init(file: SafetensorsFile, backend: any Backend, scope: String, ledger: Ledger) {
    self.file = file
    self.backend = backend
    self.scope = scope
    self.ledger = ledger
  }

  /// The same file below `path`, such as `blocks.0`.
  package func scoped(_ path: String) -> Weights {
    Weights(file: file, backend: backend, scope: full(path), ledger: ledger)
  }

  /// Whether the file has `key` in this scope. Does not count as reading it.
  package func has(_ key: String) -> Bool { file.has(full(key)) }

  /// The tensor of `key` in this scope, as f32. Throws `SafetensorsError`: `missing`, `shape` unless it has exactly
  /// `shape`, `dtype`, `nonFinite`.
  package func tensor(_ key: String, shape: Shape) throws -> Tensor {
    let name = full(key)
    let found = try file.shape(of: name)
    guard found == shape else {
      throw SafetensorsError(.shape, file: file.path, key: name, "expected shape \(shape), found \(found)")
    }
    let tensor = try file.tensor(name, on: backend)
    ledger.read.withLock { _ = $0.insert(name) }
    return tensor
  }

  /// Throws `SafetensorsError` (`unused`) if the file holds keys in this scope that nobody read, except those beginning
  /// with one of `ignoring` (within the scope).
  package func finish(ignoring prefixes: [String] = []) throws {
    let read = ledger.read.withLock { $0 }
    let ignored = prefixes.map(full)
    let unused = file.keys.filter { key in
      !read.contains(key) && (scope.isEmpty || key.hasPrefix(scope + ".")) && !ignored.contains { key.hasPrefix($0) }
    }
    guard unused.isEmpty else {
      let few = unused.prefix(3).map { "'\(SafetensorsError.printable($0))'" }.joined(separator: ", ")
      let more = unused.count > 3 ? " and \(unused.count - 3) more" : ""
      throw SafetensorsError(
        .unused, file: file.path,
        "\(unused.count) unused tensor\(unused.count == 1 ? "" : "s"): \(few)\(more); the file is of another "
          + "configuration or module")
    }
  }

  private func full(_ key: String) -> String { scope.isEmpty ? key : "\(scope).\(key)" }

  /// The keys that were read, shared by all scopes of one file.
  private final class Ledger: Sendable {
    let read = Mutex<Set<String>>([])
  }
}
