// swift-tools-version: 6.2
import PackageDescription

// The target graph is the architecture (ARCHITECTURE.md, "The picture"): an arrow that is not here does not compile.

let strict: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .treatAllWarnings(as: .error),
]
let kernelFlags: [CSetting] = [.unsafeFlags(["-O3", "-Wall", "-Wextra", "-Werror"])]

func library(_ name: String, _ dependencies: [Target.Dependency], exclude: [String] = []) -> Target {
  .target(name: name, dependencies: dependencies, exclude: exclude, swiftSettings: strict)
}
func tests(_ name: String, _ dependencies: [Target.Dependency], resources: [Resource] = []) -> Target {
  .testTarget(
    name: name, dependencies: dependencies + ["NocturneTesting"], resources: resources, swiftSettings: strict)
}

let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let protobuf = Target.Dependency.product(name: "SwiftProtobuf", package: "swift-protobuf")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")
let arguments = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")

let package = Package(
  name: "nocturne",
  products: [.executable(name: "nocturne", targets: ["nocturne"])],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
    .package(url: "https://github.com/apple/swift-crypto", exact: "4.5.2"),
    .package(url: "https://github.com/apple/swift-protobuf", exact: "1.39.0"),
    .package(url: "https://github.com/groue/GRDB.swift", exact: "7.10.0"),
    .package(url: "https://github.com/jpsim/Yams", exact: "6.2.2"),
  ],
  targets: [
    library("NocturneJSON", []),
    // Farm half: no tensors.
    library("NocturneManifest", [yams, crypto]),
    library("NocturneFarm", ["NocturneManifest"]),
    library("NocturneWire", ["NocturneFarm", "CZeroMQ", protobuf], exclude: ["Protos"]),
    library("NocturneCoordinator", ["NocturneFarm", "NocturneWire", "NocturneManifest", "NocturneJSON", grdb, crypto]),
    library("NocturneWorker", ["NocturneFarm", "NocturneWire", "NocturneManifest", crypto]),
    // Sound half: no sockets, no database.
    library("NocturneTensor", []),
    library("NocturneCPU", ["NocturneTensor", "CNocturneKernels"]),
    library("NocturneModels", ["NocturneTensor", "NocturneJSON", crypto]),
    library("NocturneRender", ["NocturneManifest", "NocturneModels", "NocturneTensor", "CSndFile", crypto]),
    // C.
    .systemLibrary(name: "CZeroMQ"),
    .systemLibrary(name: "CSndFile", pkgConfig: "sndfile", providers: [.apt(["libsndfile1-dev"])]),
    .target(
      name: "CNocturneKernels", cSettings: kernelFlags,
      linkerSettings: [.linkedLibrary("dnnl"), .linkedLibrary("m"), .linkedLibrary("pthread")]),
    // Where the halves meet.
    .executableTarget(
      name: "nocturne",
      dependencies: [
        "NocturneManifest", "NocturneFarm", "NocturneWire", "NocturneCoordinator", "NocturneWorker",
        "NocturneTensor", "NocturneCPU", "NocturneModels", "NocturneRender", arguments, crypto,
      ],
      swiftSettings: strict),
    // Feeds damaged input to everything that reads bytes from outside (`scripts/chaos`).
    .executableTarget(
      name: "nocturne-fuzz",
      dependencies: [
        "NocturneManifest", "NocturneFarm", "NocturneWire", "NocturneCoordinator", "NocturneWorker", "NocturneTensor",
        arguments, crypto, grdb,
      ],
      swiftSettings: strict),
    // Test kit and tests.
    library("NocturneTesting", ["NocturneFarm", "NocturneManifest", "NocturneTensor"]),
    tests("NocturneManifestTests", ["NocturneManifest"], resources: [.copy("Fixtures")]),
    tests("NocturneFarmTests", ["NocturneFarm", "NocturneManifest"]),
    tests("NocturneWireTests", ["NocturneWire", "NocturneFarm", "NocturneManifest", "CZeroMQ"]),
    tests(
      "NocturneCoordinatorTests",
      ["NocturneCoordinator", "NocturneWorker", "NocturneFarm", "NocturneWire", "NocturneManifest", grdb]),
    tests("NocturneTensorTests", ["NocturneTensor"]),
    tests("NocturneCPUTests", ["NocturneCPU", "NocturneTensor"]),
    tests(
      "NocturneModelsTests", ["NocturneModels", "NocturneTensor", "NocturneCPU"], resources: [.copy("Fixtures")]),
    tests(
      "NocturneRenderTests",
      ["NocturneRender", "NocturneModels", "NocturneManifest", "NocturneTensor", "NocturneCPU"]),
    tests("ProcessTests", ["NocturneManifest", crypto]),
  ]
)
