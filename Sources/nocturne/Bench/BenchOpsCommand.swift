import ArgumentParser
import Foundation
import NocturneCPU
import NocturneManifest
import NocturneModels
import NocturneTensor

struct BenchOpsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ops",
    abstract: "Each backend operation at the shapes the models use, against the reference and the measured peak.")

  @Option(help: "paper, demo or tiny.")
  var config = "paper"
  @Option var threads = ProcessInfo.processInfo.activeProcessorCount
  @Option(help: "auto, bf16, f32 or int8.")
  var precision = NumericPrecision.auto
  @Option(help: "Only operations whose name contains this.")
  var only: String?
  @Flag var json = false

  func validate() throws { try requireThreads(threads) }

  func run() throws {
    let backend = CPUBackend(threads: threads, precision: precision.product)
    let peak = ProductPeak.flops(on: backend)
    let cases = try ModelOperation.all(of: NamedConfiguration(named: config).configuration)
      .filter { only.map($0.name.contains) ?? true }
    if !json {
      print("\(backend.numericClass), \(threads) threads; best large product \(Self.short(peak / 1e9)) GFLOP/s")
      print(Self.row("operation", "ms", "GFLOP/s", "of peak", "times reference"))
    }
    let rows = cases.map { operation -> [String: Any] in
      let body = operation.prepare(operation.rows, backend)
      let seconds = Measurement(body).median
      // The naive reference would take minutes at full size: a few rows of it, scaled.
      let reference = operation.prepare(operation.referenceRows, ReferenceBackend())
      let scale = Double(operation.rows) / Double(operation.referenceRows)
      let naive = Measurement(runs: 1, minimumSeconds: 0) { reference() }.median * scale
      let flops = operation.operations / seconds
      if !json {
        print(
          Self.row(
            operation.name, Self.short(seconds * 1e3), Self.short(flops / 1e9),
            "\(Int((100 * flops / peak).rounded())) %", Self.short(naive / seconds)))
      }
      return [
        "operation": operation.name, "seconds": seconds, "flops": flops, "peak_fraction": flops / peak,
        "times_reference": naive / seconds,
      ]
    }
    if json {
      try printJSON([
        "config": config, "threads": threads, "numeric_class": backend.numericClass, "gemm_peak_flops": peak,
        "operations": rows,
      ])
    }
  }

  private static func row(_ cells: String...) -> String {
    cells.enumerated().map { column, cell in
      column == 0
        ? cell.padding(toLength: 44, withPad: " ", startingAt: 0)
        : String(repeating: " ", count: max(1, 16 - cell.count)) + cell
    }.joined()
  }

  private static func short(_ value: Double) -> String {
    value >= 100 ? String(Int(value.rounded())) : String(format: "%.2f", value)
  }
}

extension NumericPrecision: ExpressibleByArgument {}
