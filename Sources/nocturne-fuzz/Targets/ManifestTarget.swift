import NocturneFarm
import NocturneManifest

/// The manifest reader, in all formats and blocks of many sizes. An input is a byte (how large the blocks are), then the
/// manifest.
struct ManifestTarget: FuzzTarget {
  static let name = "manifest"
  static let share = 30.0

  private static let samples: [String] = [
    "id,caption,seconds,steps,seed,takes,format,mood\nc1,\"A slow, warm \"\"tune\"\"\nwith rain\",4.5,8,77,2,wav,calm\n"
      + "c2,two,1,1,9007199254740991,1,flac,\nc3,three,10,1000,0,1,,x\n",
    "\u{FEFF}id\tcaption\tguidance\tschedule\r\nt1\tone\t0\tlinear\r\nt2\t\"two\ttabs\"\t100\tuniform\r\n",
    "{\"id\":\"j1\",\"caption\":\"a \\u00e9 \\ud83c\\udfb5 tune\",\"seconds\":2.5,\"takes\":2,\"deep\":{\"a\":[1,{\"b\":null}]}}\n"
      + "{\"id\":\"j2\",\"caption\":\"b\",\"steps\":5,\"seed\":1}\n{\"caption\":\"c\",\"id\":\"j3\",\"x\":-1.5e10,\"y\":true}\n",
    "{\"custom_id\":\"o1\",\"method\":\"POST\",\"url\":\"/v1\",\"body\":{\"model\":\"m\",\"prompt\":\"a tune\"}}\n"
      + "{\"custom_id\":\"o2\",\"body\":{\"input\":\"another tune\",\"seconds\":3}}\n",
    "ytid,start_s,end_s,audioset_positive_labels,aspect_list,caption,author_id\n"
      + "-0Gj8-vB1q4,30,40,\"/m/0140xf,/m/02cjck\",\"['low quality', 'sustained strings']\",The low quality recording,4\n"
      + "-0SdAVK79lg,30,40,/m/0155w,\"['guitar song']\",This song features an electric guitar,0\n",
    "a slow tune\nanother, quicker tune\n\n  the last one\n",
  ]

  func input(_ random: inout SeededGenerator) -> [UInt8] {
    var bytes = Array(Self.samples.randomElement(using: &random)!.utf8)
    TextMutation.apply(&bytes, &random)
    return [UInt8.random(in: 0...255, using: &random)] + bytes
  }

  func read(_ input: [UInt8]) -> Bool {
    guard let first = input.first else { return false }
    let blockSize = first < 16 ? Int(first) + 1 : 1 << 16
    let limits = RenderLimits(maximumSeconds: 30)
    let reader = ManifestReader(
      bytes: Array(input.dropFirst()), name: "input", options: .init(limits: limits), blockSize: blockSize)
    var names: Set<String> = []
    var items = 0
    do {
      let summary = try reader.forEach { item in
        items += 1
        names.insert(item.fileName)
        precondition(
          item.spec.seconds > 0 && item.spec.seconds <= limits.maximumSeconds && item.seed < 1 << 53
            && !item.caption.isEmpty && !item.fileName.contains("/") && !item.fileName.hasPrefix("."), "\(item)")
      }
      let report = summary.report
      precondition(report.rows == report.goodRows + report.badRows, "rows do not add up: \(report)")
      precondition(names.count == items, "two items have one file name")
      return report.goodRows > 0
    } catch {
      precondition(!"\(error)".contains("\n"), "an error of several lines: \(error)")
      return false
    }
  }
}
