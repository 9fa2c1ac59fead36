import NocturneTensor
import Testing

@Test func stridesAreRowMajor() {
  #expect(Shape([2, 3, 4]).strides == [12, 4, 1])
  #expect(Shape([]).strides == [])
}

@Test func negativeAxesCountFromTheEnd() {
  let shape: Shape = [2, 3, 4]
  #expect(shape.axis(-1, in: "test") == 2)
  #expect(shape[-2] == 3)
}
