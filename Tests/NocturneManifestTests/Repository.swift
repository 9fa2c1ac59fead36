import Foundation

/// Files of the checkout that tests read.
enum Repository {
  private static let tests = URL(filePath: #filePath).deletingLastPathComponent()
  static let root = tests.deletingLastPathComponent().deletingLastPathComponent()

  static func fixture(_ name: String) -> String { tests.appending(path: "Fixtures/\(name)").path }

  static func file(_ name: String) -> String { root.appending(path: name).path }

  /// Visible files of a folder in the order of their names.
  static func names(in folder: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder).filter { !$0.hasPrefix(".") }.sorted()
  }

  static func bytes(_ path: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(filePath: path))) }

  /// The shared MusicCaps captions, looked for beside the checkout and above; nil where they are not at hand.
  static func musicCaps() -> String? {
    var folder = root
    while folder.path != "/" {
      let file = folder.appending(path: "shared/data/musiccaps-public.csv")
      if FileManager.default.fileExists(atPath: file.path) { return file.path }
      folder = folder.deletingLastPathComponent()
    }
    return nil
  }
}
