import NocturneCPU
import NocturneTensor
import Testing

@Test func loads() { #expect(CPUBackend().name == "cpu") }
