package import Foundation
import NocturneJSON

extension ModelConfiguration {
  /// Reads a document strictly: an unknown, missing or mistyped key is an error that names it, and so is a
  /// configuration that no network can be built from.
  package init(document: Data, source: String) throws(ConfigurationError) {
    guard isShallow(document), let object = try? JSONSerialization.jsonObject(with: document) as? [String: Any] else {
      throw ConfigurationError(.malformed, "not a JSON object; write it anew", source: source)
    }
    if let format = object["format"] as? Int, format != Self.currentFormat {
      throw ConfigurationError(
        .format, "format \(format), expected \(Self.currentFormat); export the checkpoint again", source: source)
    }
    let configuration: ModelConfiguration
    do {
      configuration = try JSONDecoder().decode(ModelConfiguration.self, from: document)
    } catch let error as DecodingError {
      throw ConfigurationError(.malformed, error.line, source: source)
    } catch {
      throw ConfigurationError(.malformed, "\(error)", source: source)
    }
    let known = try? JSONSerialization.jsonObject(with: configuration.document)
    if let unknown = Self.unknownKey(in: object, beside: known, path: "") {
      throw ConfigurationError(.malformed, "unknown key `\(unknown)`; remove it", source: source)
    }
    try configuration.validate(source: source)
    self = configuration
  }

  /// The bytes of `config.json`: keys sorted, so equal configurations have equal bytes.
  package var document: Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    guard var data = try? encoder.encode(self) else {
      preconditionFailure("ModelConfiguration: a value of \(name) is not finite")
    }
    data.append(UInt8(ascii: "\n"))
    return data
  }

  private static func unknownKey(in object: Any, beside known: Any?, path: String) -> String? {
    guard let object = object as? [String: Any] else { return nil }
    let known = known as? [String: Any] ?? [:]
    for (key, value) in object.sorted(by: { $0.key < $1.key }) {
      // A null stands for an absent optional, which encodes to nothing.
      guard let twin = known[key] else {
        if value is NSNull { continue }
        return path + key
      }
      if let found = unknownKey(in: value, beside: twin, path: path + key + ".") { return found }
    }
    return nil
  }
}

extension DecodingError {
  /// What is wrong and at which key, in one line.
  fileprivate var line: String {
    func path(_ context: Context, _ last: (any CodingKey)? = nil) -> String {
      (context.codingPath.map(\.stringValue) + (last.map { [$0.stringValue] } ?? [])).joined(separator: ".")
    }
    switch self {
    case .keyNotFound(let key, let context): return "key `\(path(context, key))` is missing"
    case .valueNotFound(_, let context): return "key `\(path(context))` is null"
    case .typeMismatch(let type, let context): return "key `\(path(context))` is not \(type)"
    case .dataCorrupted(let context): return "key `\(path(context))`: \(context.debugDescription)"
    @unknown default: return "\(self)"
    }
  }
}
