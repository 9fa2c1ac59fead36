import Foundation
import NocturneCPU
import NocturneTensor

/// Seconds of repeated runs of one thing.
struct Measurement {
  /// Sorted.
  let seconds: [Double]

  /// Runs `body` once to warm up, then until both `runs` runs and `minimumSeconds` are reached.
  init(runs: Int = 5, minimumSeconds: Double = 0.2, _ body: () -> Void) {
    body()
    var measured: [Double] = []
    var total = 0.0
    while measured.count < runs || total < minimumSeconds {
      let seconds = Self.seconds(of: body)
      measured.append(seconds)
      total += seconds
    }
    seconds = measured.sorted()
  }

  var median: Double { seconds[seconds.count / 2] }
  var minimum: Double { seconds[0] }

  static func seconds(of body: () throws -> Void) rethrows -> Double {
    let clock = ContinuousClock()
    return try clock.measure(body).seconds
  }
}

extension Duration {
  var seconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}

/// The best large product of the machine, measured on the backend itself: what `peak_fraction` is a fraction of.
enum ProductPeak {
  /// Floating-point operations per second (2 per multiply-accumulate) of the best of several large linear layers.
  static func flops(on backend: any Backend) -> Double {
    let shapes = [(2048, 2048, 2048), (4096, 1024, 4096), (5120, 768, 3328)]
    return shapes.map { rows, inputs, outputs in
      let x = Tensor.full(0.5, shape: [rows, inputs], on: backend)
      let weights = backend.prepareLinear(
        weight: Tensor.full(0.01, shape: [outputs, inputs], on: backend), bias: nil, robust: true)
      let best = Measurement(runs: 3, minimumSeconds: 0.3) {
        _ = backend.linear(x, weights, activation: .none, residual: nil)
      }.minimum
      return 2 * Double(rows * inputs * outputs) / best
    }.max()!
  }
}

/// How fast the threads together read what no cache holds.
enum MemoryReading {
  private static let bytes = 512 << 20

  /// Bytes per second, the best of several passes.
  static func bytesPerSecond(threads: Int) -> Double {
    let lines = UnsafeMutableBufferPointer<SIMD8<UInt64>>.allocate(capacity: bytes / 64)
    defer { lines.deallocate() }
    lines.initialize(repeating: SIMD8(repeating: 1))
    let pool = ThreadPool(threads: threads)
    let share = lines.count / threads
    let sums = UnsafeMutableBufferPointer<UInt64>.allocate(capacity: threads)
    defer { sums.deallocate() }
    let best = Measurement(runs: 5, minimumSeconds: 0.5) {
      pool.forEach(threads) { thread in
        var sum = SIMD8<UInt64>.zero
        for line in thread * share..<(thread + 1) * share { sum &+= lines[line] }
        sums[thread] = sum.wrappedSum()
      }
    }.minimum
    precondition(sums.allSatisfy { $0 == UInt64(8 * share) }, "MemoryReading: a thread read something else")
    return Double(64 * share * threads) / best
  }
}
