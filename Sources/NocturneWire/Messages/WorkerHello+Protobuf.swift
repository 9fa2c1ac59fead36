import NocturneFarm

extension Nocturne_Wire_Hello {
  init(_ hello: WorkerHello) {
    self.init()
    build = hello.build
    worker = hello.worker.name
    host = hello.host
    processID = UInt32(clamping: hello.processID)
    modelFingerprint = hello.modelFingerprint
    numericClass = hello.numericClass
    cores = UInt32(clamping: hello.cores)
    memoryBytes = UInt64(clamping: hello.memoryBytes)
    tags = hello.tags
    holding = hello.holding.map { Nocturne_Wire_LeaseFence($0) }
    credit = UInt32(clamping: hello.credit)
  }

  func hello(protocolVersion: Int) throws(WireFault) -> WorkerHello {
    guard isWorkerName(worker.utf8) else { throw .value }
    try checkedCount(tags.count, limit: WireLimits.listEntries)
    var checkedTags: [String] = []
    for tag in tags { checkedTags.append(try checkedText(tag, limit: WireLimits.nameBytes)) }
    return WorkerHello(
      protocolVersion: protocolVersion,
      build: try checkedText(build, limit: WireLimits.nameBytes),
      worker: WorkerID(worker),
      host: try checkedText(host, limit: WireLimits.nameBytes),
      processID: Int(processID),
      modelFingerprint: try checkedText(modelFingerprint, limit: WireLimits.nameBytes),
      numericClass: try checkedText(numericClass, limit: WireLimits.nameBytes),
      cores: Int(cores),
      memoryBytes: try checkedInt(memoryBytes, in: 0...Int.max),
      tags: checkedTags,
      holding: try leases(holding),
      credit: try checkedInt(credit, in: 0...WireLimits.credit))
  }
}
