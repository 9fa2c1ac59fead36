import Foundation

/// `shared/data/musiccaps-public.csv` beside the checkout or above it; nil where it is not at hand.
var sharedData: URL? {
  var folder = Binary.repository
  while folder.path != "/" {
    folder = folder.deletingLastPathComponent()
    let file = folder.appending(path: "shared/data/musiccaps-public.csv")
    if FileManager.default.fileExists(atPath: file.path) { return file }
  }
  return nil
}
