import NocturneFarm
import NocturneManifest

extension Nocturne_Wire_Grant {
  init(_ shard: Shard) {
    self.init()
    self.shard = shard.id
    items = shard.items.map { Nocturne_Wire_GrantedItem($0) }
  }

  func checkedShard() throws(WireFault) -> Shard {
    try checkedCount(items.count, limit: WireLimits.shardItems)
    var leased: [LeasedItem] = []
    leased.reserveCapacity(items.count)
    for item in items { leased.append(try item.leasedItem()) }
    return Shard(id: shard, items: leased)
  }
}

extension Nocturne_Wire_GrantedItem {
  init(_ leased: LeasedItem) {
    self.init()
    lease = Nocturne_Wire_LeaseFence(leased.lease)
    caption = leased.item.caption
    spec.steps = UInt32(clamping: leased.item.spec.steps)
    spec.guidance = leased.item.spec.guidance
    spec.seconds = leased.item.spec.seconds
    spec.schedule = leased.item.spec.schedule.rawValue
    spec.format = leased.item.spec.format.rawValue
    seed = leased.item.seed
    fileName = leased.item.fileName
  }

  func leasedItem() throws(WireFault) -> LeasedItem {
    guard let schedule = AngleScheduleKind(rawValue: spec.schedule), let format = AudioFormat(rawValue: spec.format)
    else { throw .value }
    let checkedLease = try lease.lease()
    let checkedSpec = RenderSpec(
      steps: try checkedInt(spec.steps, in: RenderLimits.steps),
      guidance: try checkedFinite(spec.guidance, in: RenderLimits.guidance),
      seconds: try checkedFinite(spec.seconds, in: 0...WireLimits.clipSeconds), schedule: schedule, format: format)
    guard caption.utf8.count <= WireLimits.captionBytes else { throw .value }
    let item = Item(
      key: checkedLease.item, caption: caption, spec: checkedSpec, seed: seed,
      fileName: try checkedFileName(fileName))
    return LeasedItem(lease: checkedLease, item: item)
  }
}
