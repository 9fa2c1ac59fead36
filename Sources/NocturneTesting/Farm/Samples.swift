package import NocturneFarm
package import NocturneManifest

extension Item {
  /// `item-1`, `item-2`, ...: small items of one kind unless told otherwise.
  package static func sample(_ number: Int, spec: RenderSpec = RenderSpec()) -> Item {
    Item(
      key: ItemKey(row: "item-\(number)", take: 1), caption: "caption \(number)", spec: spec, seed: UInt64(number),
      fileName: "item-\(number).\(spec.format.rawValue)")
  }
}

extension WorkerHello {
  package static func sample(
    _ name: String, holding: [Lease] = [], credit: Int = 2, model: String = FakeRenderer.fingerprint,
    numericClass: String = FakeRenderer.numericClass, version: Int = farmProtocolVersion, processID: Int = 1
  ) -> WorkerHello {
    WorkerHello(
      protocolVersion: version, build: "test", worker: WorkerID(name), host: "host", processID: processID,
      modelFingerprint: model, numericClass: numericClass, cores: 2, memoryBytes: 1 << 30, holding: holding,
      credit: credit)
  }
}

extension Receipt {
  /// The receipt of an honest rendering of the item by the fake renderer.
  package static func sample(_ item: Item, _ lease: Lease, by worker: WorkerID) -> Receipt {
    Receipt(
      lease: lease, fileName: item.fileName, facts: FakeRenderer.facts(of: item),
      modelFingerprint: FakeRenderer.fingerprint, numericClass: FakeRenderer.numericClass, worker: worker)
  }
}
