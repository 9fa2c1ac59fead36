import Foundation
import NocturneWire
import Testing

@Suite struct KeyTests {
  private let folder = Folder()

  private func permissions(_ path: String) throws -> Int? {
    try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
  }

  @Test func aPairIsWrittenForItsOwnerOnlyAndReadBack() throws {
    let pair = KeyPair.fresh()
    let paths = try pair.write(named: "night", in: folder.path + "/deep/keys")
    #expect(try permissions(paths.secret) == 0o600)
    #expect(try permissions(paths.public) == 0o644)
    #expect(try KeyPair(reading: paths.secret).publicKey == pair.publicKey)
    #expect(try PublicKey(reading: paths.public) == pair.publicKey)
    let secret = try String(contentsOfFile: paths.secret, encoding: .utf8).split(separator: " ")[1]
    #expect(try !String(contentsOfFile: paths.public, encoding: .utf8).contains(secret))
    #expect(KeyPair.fresh().publicKey != pair.publicKey)
  }

  @Test func keysAreNeverReplaced() throws {
    let paths = try KeyPair.fresh().write(named: "night", in: folder.path)
    let before = try Data(contentsOf: URL(filePath: paths.secret))
    let error = #expect(throws: KeyError.self) { try KeyPair.fresh().write(named: "night", in: folder.path) }
    #expect(error?.code == .exists)
    #expect(error?.exitStatus == 73)
    #expect(try Data(contentsOf: URL(filePath: paths.secret)) == before)
  }

  @Test(arguments: [mode_t(0o604), 0o640, 0o660, 0o644, 0o601])
  func aSecretThatOthersCanReachIsRefused(_ permissions: mode_t) throws {
    let paths = try KeyPair.fresh().write(named: "night", in: folder.path)
    chmod(paths.secret, permissions)
    let error = #expect(throws: KeyError.self) { try KeyPair(reading: paths.secret) }
    #expect(error?.code == .exposed)
    #expect(error?.exitStatus == 65)
    #expect(error?.description.contains("\n") == false)
  }

  @Test(arguments: [mode_t(0o664), 0o646])
  func aPublicKeyThatOthersCanReplaceIsRefused(_ permissions: mode_t) throws {
    let paths = try KeyPair.fresh().write(named: "night", in: folder.path)
    chmod(paths.public, permissions)
    #expect(#expect(throws: KeyError.self) { try PublicKey(reading: paths.public) }?.code == .exposed)
    #expect(#expect(throws: KeyError.self) { try AllowList(reading: paths.public) }?.code == .exposed)
  }

  @Test func aFolderToWhichOthersCanAddKeysAdmitsNobody() throws {
    _ = try KeyPair.fresh().write(named: "night", in: folder.path)
    chmod(folder.path, 0o777)
    #expect(#expect(throws: KeyError.self) { try AllowList(reading: folder.path) }?.code == .exposed)
  }

  @Test func theWrongHalfIsNamed() throws {
    let paths = try KeyPair.fresh().write(named: "night", in: folder.path)
    let secretWanted = #expect(throws: KeyError.self) { try KeyPair(reading: paths.public) }
    #expect(secretWanted?.description.contains(".key") == true, "\(secretWanted as Any)")
    let publicWanted = #expect(throws: KeyError.self) { try PublicKey(reading: paths.secret) }
    #expect(publicWanted?.description.contains(".pub") == true, "\(publicWanted as Any)")
    #expect(throws: KeyError.self) { try AllowList(reading: paths.secret) }
  }

  @Test(arguments: [
    "", "# nobody\n", "hello\n", "nocturne-secret-key\n", "nocturne-secret-key abc name\n",
    "nocturne-secret-key \(String(repeating: "g", count: 64)) name\n", "\u{0}\u{1}\u{2}",
  ])
  func aFileWithoutAKeyIsRefused(_ text: String) throws {
    let path = folder.write("night.key", text)
    let error = #expect(throws: KeyError.self) { try KeyPair(reading: path) }
    #expect(error?.code == .malformed)
    #expect(error?.description.contains("\n") == false)
  }

  @Test func aMissingFileAndAFolderAreUnreadable() {
    #expect(#expect(throws: KeyError.self) { try KeyPair(reading: folder.path + "/none.key") }?.code == .unreadable)
    #expect(#expect(throws: KeyError.self) { try PublicKey(reading: folder.path) }?.code == .unreadable)
  }

  @Test func aListOfSeveralKeysIsNoCoordinator() throws {
    let lines = try (0..<2).map { number in
      try String(contentsOfFile: KeyPair.fresh().write(named: "w\(number)", in: folder.path).public, encoding: .utf8)
    }
    let list = folder.write("workers.pub", "# tonight\n" + lines.joined())
    _ = try AllowList(reading: list)
    #expect(#expect(throws: KeyError.self) { try PublicKey(reading: list) }?.code == .malformed)
  }
}
