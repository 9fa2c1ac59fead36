import Foundation
import NocturneModels
import NocturneTensor
import Testing

/// Model.md section 10, checks 3, 8 and 9.
struct ScheduleTests {
  struct Cases: Decodable {
    struct Case: Decodable {
      let schedule: AngleSchedule
      let count: Int
      let steps: [Double]
      let angles: [Double]
    }
    let cases: [Case]
  }

  @Test func turnsAndAnglesAreThePythonOnes() throws {
    for entry in try Fixture.json("schedules", as: Cases.self).cases {
      let steps = entry.schedule.steps(entry.count)
      #expect(zip(steps, entry.steps).allSatisfy { abs($0.turn - $1) < 1e-15 } && steps.count == entry.count)
      #expect(zip(steps, entry.angles).allSatisfy { abs($0.angle - $1) < 1e-12 })
    }
  }

  @Test(arguments: AngleSchedule.allCases)
  func turnsSumToAQuarter(schedule: AngleSchedule) {
    for count in 1...1000 {
      #expect(abs(schedule.turns(steps: count).reduce(0, +) - .pi / 2) < 1e-12, "\(count) steps")
    }
  }

  @Test func fiveStepsVisitTheListedAngles() {
    let angles = AngleSchedule.linear.steps(5).map(\.angle)
    let listed = [1.570796, 1.117011, 0.733038, 0.418879, 0.174533]
    #expect(zip(angles, listed).allSatisfy { abs($0 - $1) < 5e-7 } && angles.count == 5)
  }

  /// A network that knows z: with z_d = cos(d) z + sin(d) e its velocity is cos(d) e - sin(d) z.
  @Test(arguments: AngleSchedule.allCases, [1, 2, 3, 5, 10, 20, 50])
  func oracleRecoversTheLatents(schedule: AngleSchedule, steps: Int) throws {
    let backend = ReferenceBackend()
    let shape: Shape = [2, 12, 4]
    let values = RandomStream(seed: 1, stage: .test)
    let latents = values.normals(count: shape.count)
    let noise = values.normals(count: shape.count, from: 1000)
    for guidance in [1, 2.5] {
      let sampler = AngleSampler(DiffusionRequest(steps: steps, guidance: guidance, schedule: schedule))
      let found = try sampler.run(Tensor(noise, shape: shape, on: backend)) { _, angles, guided in
        #expect(guided == (guidance != 1))
        let velocity = Self.velocity(of: latents, noise, angle: angles.values[0], shape, backend)
        // The unconditional network is wrong by a constant; guidance extrapolates from it, so it must know z too.
        return Velocity(conditional: velocity, unconditional: guided ? velocity : nil)
      }
      #expect(zip(found.values, latents).allSatisfy { abs($0 - $1) < 1e-4 }, "guidance \(guidance)")
    }
  }

  @Test func guidanceExtrapolatesFromTheUnconditionalVelocity() throws {
    let backend = ReferenceBackend()
    let shape: Shape = [1, 1, 1]
    let sampler = AngleSampler(DiffusionRequest(steps: 1, guidance: 2.5))
    let z = try sampler.run(Tensor([0], shape: shape, on: backend)) { _, _, _ in
      Velocity(
        conditional: Tensor([3], shape: shape, on: backend), unconditional: Tensor([1], shape: shape, on: backend))
    }
    // One step turns by pi/2: z = -v with v = 1 + 2.5 (3 - 1).
    #expect(abs(z.values[0] + 6) < 1e-6)
  }

  @Test func frozenFramesKeepTheirBitsAndAngleZero() throws {
    let backend = ReferenceBackend()
    let shape: Shape = [1, 2500, 4]
    var start = RandomStream(seed: 2, stage: .test).normals(count: shape.count)
    start[0] = -0.0
    let frozen = (0..<2500).map { $0 < 1875 }
    let sampler = AngleSampler(DiffusionRequest(steps: 5), frozen: frozen)
    let z = try sampler.run(Tensor(start, shape: shape, on: backend)) { z, angles, _ in
      #expect(angles.indices.enumerated().allSatisfy { (angles.values[$1] == 0) == ($0 < 1875) })
      return Velocity(conditional: z * -2, unconditional: z * 3)
    }
    #expect(z.values.prefix(1875 * 4).map(\.bitPattern) == start.prefix(1875 * 4).map(\.bitPattern))
    #expect(zip(z.values, start).dropFirst(1875 * 4).allSatisfy { $0 != $1 })
  }

  @Test func throwingProgressStopsAfterTheStep() throws {
    struct Stop: Error {}
    let backend = ReferenceBackend()
    var evaluations = 0
    #expect(throws: Stop.self) {
      try AngleSampler(DiffusionRequest(steps: 10)).run(
        Tensor([0], shape: [1, 1, 1], on: backend), progress: { if $0 == 3 { throw Stop() } },
        velocity: { z, _, _ in
          evaluations += 1
          return Velocity(conditional: z, unconditional: z)
        })
    }
    #expect(evaluations == 3)
  }

  private static func velocity(
    of latents: [Float], _ noise: [Float], angle: Double, _ shape: Shape, _ backend: any Backend
  ) -> Tensor {
    let (cosine, sine) = (Float(cos(angle)), Float(sin(angle)))
    return Tensor(zip(latents, noise).map { cosine * $1 - sine * $0 }, shape: shape, on: backend)
  }
}
