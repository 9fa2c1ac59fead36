import Foundation
import NocturneCoordinator
import NocturneFarm
import NocturneManifest

func makeItems(_ count: Int, caption: String? = nil, extra: [String: String] = [:]) -> [Item] {
  (0..<count).map { number in
    Item(
      key: ItemKey(row: "row\(number)", take: 1), caption: caption ?? "caption \"\(number)\"\nwith\ttwo lines",
      spec: RenderSpec(seconds: 1), seed: UInt64(number), fileName: "row\(number).flac", extra: extra)
  }
}

final class ItemList: ItemSource {
  private let items: [Item]
  init(_ items: [Item]) { self.items = items }
  var count: Int { items.count }
  func item(at position: Int) -> Item { items[position] }
}

let testModel = String(repeating: "a1", count: 32)

func makeRecord(manifest: String = "one", model: String? = testModel, settings: [String: String] = ["steps": "5"])
  -> RunRecord
{
  RunRecord(manifest: "night.csv", manifestSHA256: manifest, modelFingerprint: model, settings: settings)
}
