import Foundation
import NocturneWire
import Testing

@Suite struct EndpointTests {
  @Test func endpointsReadAsWritten() throws {
    #expect(try Endpoint("ipc:///run/night.sock") == .ipc(path: "/run/night.sock"))
    #expect(try Endpoint("tcp://127.0.0.1:5555") == .tcp(host: "127.0.0.1", port: 5555))
    #expect(try Endpoint("tcp://localhost:*").description == "tcp://127.0.0.1:*")
    #expect(try Endpoint("tcp://[::1]:7").description == "tcp://[::1]:7")
  }

  @Test(
    arguments: [
      "", "night.sock", "ipc://", "ipc://@abstract", "ipc://*", "tcp://", "tcp://host", "tcp://:5555", "tcp://a b:1",
      "tcp://127.0.0.1:65536", "tcp://127.0.0.1:0", "tcp://127.0.0.1:-1", "tcp://127.0.0.1:x", "udp://127.0.0.1:1",
      "inproc://x",
    ])
  func textThatIsNoEndpointIsRefusedAsUsage(_ text: String) {
    let error = #expect(throws: WireError.self) { try Endpoint(text) }
    #expect(error?.code == .invalidEndpoint)
    #expect(error?.exitStatus == 64)
  }

  @Test(arguments: [
    "tcp://0.0.0.0:1", "tcp://*:1", "tcp://192.168.0.4:1", "tcp://farm.example:1", "tcp://127.0.0.1.evil:1",
    "tcp://[::]:1", "tcp://127.0.0.1:1", "tcp://localhost:1", "tcp://[::1]:1",
  ])
  func tcpNeedsKeysOnBothSides(_ text: String) throws {
    let endpoint = try Endpoint(text)
    let refusals = [
      #expect(throws: WireError.self) { try ZeroMQCoordinatorLink(endpoints: [endpoint], waker: Waker()) },
      #expect(throws: WireError.self) {
        try ZeroMQWorkerLink(context: ZeroMQContext(), endpoint: endpoint, worker: Samples.worker, waker: Waker())
      },
      #expect(throws: WireError.self) {
        try ZeroMQHeartLink(context: ZeroMQContext(), endpoint: endpoint, worker: Samples.worker)
      },
    ]
    for error in refusals {
      #expect(error?.code == .keysNeeded)
      #expect(error?.exitStatus == 64)
      #expect(error?.description.contains("nocturne keys new") == true)
      #expect(error?.description.contains("\n") == false)
    }
  }

  @Test(arguments: ["tcp://0.0.0.0:1", "tcp://*:1", "tcp://192.168.0.4:1", "tcp://127.0.0.1.evil:1", "tcp://[::]:1"])
  func beyondLoopbackNoFlagReplacesKeys(_ text: String) throws {
    let error = try #require(throws: WireError.self) {
      try ZeroMQCoordinatorLink(endpoints: [try Endpoint(text)], protection: .insecureLoopback, waker: Waker())
    }
    #expect(error.code == .keysNeeded)
    #expect(!error.description.contains("--insecure-loopback"))
  }

  @Test(arguments: [mode_t(0o777), 0o1777, 0o775, 0o757])
  func aSocketWhereOthersCanWriteIsRefusedOnBothSides(_ permissions: mode_t) throws {
    let folder = Folder()
    chmod(folder.path, permissions)
    let endpoint = folder.socket()
    for error in [
      #expect(throws: WireError.self) { try ZeroMQCoordinatorLink(endpoints: [endpoint], waker: Waker()) },
      #expect(throws: WireError.self) {
        try ZeroMQWorkerLink(context: ZeroMQContext(), endpoint: endpoint, worker: Samples.worker, waker: Waker())
      },
    ] {
      #expect(error?.code == .exposed)
      #expect(error?.exitStatus == 64)
      // A directory that is everybody's has to stay so.
      #expect(error?.description.contains("chmod go-w") == (permissions & 0o1000 == 0))
    }
    // A run's own socket goes where others cannot write.
    guard case .ipc(let path) = try Endpoint.local(in: folder.path) else { return }
    #expect(!path.hasPrefix(folder.path))
  }

  @Test func aSocketIsForItsOwnerOnly() throws {
    let folder = Folder()
    guard case .ipc(let path) = folder.socket() else { return }
    let link = try ZeroMQCoordinatorLink(endpoints: [.ipc(path: path)], waker: Waker())
    let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    #expect(mode == 0o600)
    link.close(lingerSeconds: 0)
  }

  @Test func overlongSocketPathIsNamed() throws {
    let error = #expect(throws: WireError.self) { try Endpoint("ipc:///" + String(repeating: "d", count: 107)) }
    #expect(error?.code == .pathTooLong)
  }

  @Test func localSocketOfADeepDirectoryIsShortPrivateAndStable() throws {
    let deep = "/tmp/" + String(repeating: "d/", count: 60) + "run"
    let endpoint = try Endpoint.local(in: deep)
    #expect(endpoint == (try Endpoint.local(in: deep)))
    #expect(endpoint != (try Endpoint.local(in: deep + "2")))
    guard case .ipc(let path) = endpoint else {
      Issue.record("not ipc")
      return
    }
    #expect(path.utf8.count <= 107)
    let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
    let mode = try FileManager.default.attributesOfItem(atPath: folder)[.posixPermissions] as? Int
    #expect(mode == 0o700)
    #expect(try Endpoint.local(in: "/run/x") == .ipc(path: "/run/x/farm.sock"))
  }
}
