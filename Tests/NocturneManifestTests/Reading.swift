import NocturneManifest

/// Reads a manifest written in a test.
func read(
  _ text: String, options: ManifestReader.Options = .init(), blockSize: Int = 1 << 16
) throws -> Manifest {
  try ManifestReader(bytes: Array(text.utf8), name: "test", options: options, blockSize: blockSize).read()
}

func read(_ bytes: [UInt8], options: ManifestReader.Options = .init(), blockSize: Int = 1 << 16) throws -> Manifest {
  try ManifestReader(bytes: bytes, name: "test", options: options, blockSize: blockSize).read()
}
