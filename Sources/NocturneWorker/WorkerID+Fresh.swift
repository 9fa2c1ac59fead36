import Foundation
package import NocturneFarm

extension WorkerID {
  /// A name for this process: host, process id, and a random part, so that it never returns.
  package static func fresh() -> WorkerID {
    let host = hostName.prefix { $0 != "." }.filter { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") }
      .prefix(24)
    let random = String(UInt32.random(in: .min ... .max), radix: 36)
    return WorkerID("\(host.isEmpty ? "worker" : host)-\(getpid())-\(random)")
  }

  static var hostName: String {
    var name = [CChar](repeating: 0, count: 256)
    guard gethostname(&name, name.count - 1) == 0 else { return "" }
    return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}

extension WorkerHello {
  /// This process on this machine, with a fresh identity.
  package static func here(build: String, renderer: any Renderer, tags: [String], credit: Int) -> WorkerHello {
    WorkerHello(
      build: build, worker: .fresh(), host: WorkerID.hostName, processID: Int(getpid()),
      modelFingerprint: renderer.modelFingerprint, numericClass: renderer.numericClass,
      cores: ProcessInfo.processInfo.activeProcessorCount,
      memoryBytes: Int(clamping: ProcessInfo.processInfo.physicalMemory), tags: tags, credit: credit)
  }
}
