import Foundation

/// The installed text encoder of the demo configuration: `NOCTURNE_TEXT_ENCODER` names the directory that holds
/// `model.safetensors` and `vocab.txt`.
enum TextEncoderPackage {
  static let directory: URL? = ProcessInfo.processInfo.environment["NOCTURNE_TEXT_ENCODER"].flatMap { path in
    let directory = URL(fileURLWithPath: path, isDirectory: true)
    let vocabulary = directory.appendingPathComponent("vocab.txt").path
    return FileManager.default.isReadableFile(atPath: vocabulary) ? directory : nil
  }
}
