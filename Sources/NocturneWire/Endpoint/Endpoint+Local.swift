import Glibc

extension Endpoint {
  /// The socket of a run on this machine: the same path for the same directory every time, so that workers that outlive
  /// their coordinator find the next one. In the directory itself, or, where that path is too long for a socket address or
  /// others can write there, in `/tmp/nocturne-<uid>`, a directory that only this user can enter.
  /// - Parameter directory: absolute path of an existing directory.
  /// - Throws: `WireError` with code `cannotBind` when the short directory exists but is not safely ours.
  package static func local(in directory: String, named name: String = "farm.sock") throws(WireError) -> Endpoint {
    let path = "\(directory)/\(name)"
    if path.utf8.count <= pathBytes, exposure(of: directory) == nil { return .ipc(path: path) }
    let refuge = "/tmp/nocturne-\(geteuid())"
    if mkdir(refuge, 0o700) != 0, errno != EEXIST {
      throw WireError(
        .cannotBind, endpoint: "ipc://\(path)", "cannot make \(refuge): \(String(cString: strerror(errno)))")
    }
    var status = stat()
    guard lstat(refuge, &status) == 0, status.st_mode & S_IFMT == S_IFDIR, status.st_uid == geteuid(),
      status.st_mode & 0o077 == 0
    else {
      throw WireError(
        .cannotBind, endpoint: "ipc://\(path)",
        "no socket can stand there, and \(refuge) is not a private directory of this user; remove it")
    }
    return .ipc(path: "\(refuge)/\(hash(path)).sock")
  }

  /// Whoever can write in its directory can put another socket in a socket's place, and speak to both sides.
  /// - Throws: `WireError` with code `exposed`. A directory that is not there is somebody else's business.
  func checkPlace() throws(WireError) {
    guard case .ipc(let path) = self, let reason = Self.exposure(of: Directory.parent(of: path)) else { return }
    throw WireError(.exposed, endpoint: description, reason)
  }

  /// What is wrong with a directory as the place of a socket; nil when nothing is, or when there is no directory.
  private static func exposure(of directory: String) -> String? {
    var status = stat()
    guard stat(directory, &status) == 0 else { return nil }
    if status.st_uid != geteuid(), status.st_uid != 0 {
      return "\(directory) belongs to another user; choose a directory of your own for the socket"
    }
    if status.st_mode & 0o022 != 0 {
      // /tmp and its like are everybody's, and have to stay so.
      let isShared = status.st_mode & S_ISVTX != 0
      return "others can write in \(directory), and put their own socket there; choose another directory"
        + (isShared ? "" : ", or: chmod go-w \(directory)")
    }
    return nil
  }

  /// FNV-1a, 64 bits: short and the same in every process. A collision is noticed when the socket is found in use.
  private static func hash(_ text: String) -> String {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    return String(hash, radix: 16)
  }

  /// True when somebody accepts connections on the Unix socket at `path`. libzmq removes a socket file before it binds,
  /// a living one too, so this has to be asked first.
  static func isAlive(path: String) -> Bool {
    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let bytes = Array(path.utf8)
    guard bytes.count <= pathBytes else { return false }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
    let status = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    return status == 0
  }
}
