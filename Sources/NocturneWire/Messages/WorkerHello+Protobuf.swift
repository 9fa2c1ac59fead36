import NocturneFarm

extension Nocturne_Wire_Hello {
  init(_ hello: WorkerHello) {
    self.init()
    build = label(hello.build)
    worker = hello.worker.name
    host = label(hello.host)
    processID = UInt32(clamping: hello.processID)
    modelFingerprint = label(hello.modelFingerprint)
    numericClass = label(hello.numericClass)
    cores = UInt32(clamping: hello.cores)
    memoryBytes = UInt64(clamping: hello.memoryBytes)
    tags = hello.tags.map(label)
    holding = hello.holding.map { Nocturne_Wire_LeaseFence($0) }
    credit = UInt32(clamping: hello.credit)
  }

  func hello(protocolVersion: Int) throws(WireFault) -> WorkerHello {
    guard isWorkerName(worker.utf8) else { throw .value }
    try checkedCount(tags.count, limit: WireLimits.listEntries)
    var checkedTags: [String] = []
    for tag in tags { checkedTags.append(try checkedLabel(tag)) }
    return WorkerHello(
      protocolVersion: protocolVersion,
      build: try checkedLabel(build),
      worker: WorkerID(worker),
      host: try checkedLabel(host),
      processID: Int(processID),
      modelFingerprint: try checkedLabel(modelFingerprint),
      numericClass: try checkedLabel(numericClass),
      cores: Int(cores),
      memoryBytes: try checkedInt(memoryBytes, in: 0...Int.max),
      tags: checkedTags,
      holding: try leases(holding),
      credit: try checkedInt(credit, in: 0...WireLimits.credit))
  }
}
