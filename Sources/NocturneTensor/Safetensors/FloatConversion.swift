/// Conversions between stored floats and f32, as loops the compiler turns into vector code. Sources may lie at any
/// address: a safetensors header may have any length.
enum FloatConversion {
  static func decode(
    _ source: UnsafeRawPointer, _ dtype: DType, into result: UnsafeMutablePointer<Float>, count: Int
  ) {
    switch dtype {
    case .f32: UnsafeMutableRawPointer(result).copyMemory(from: source, byteCount: count * 4)
    case .bf16:
      for i in 0..<count {
        let bits = UInt32(source.loadUnaligned(fromByteOffset: i * 2, as: UInt16.self))
        result[i] = Float(bitPattern: bits << 16)
      }
    case .f16:
      for i in 0..<count { result[i] = half(source.loadUnaligned(fromByteOffset: i * 2, as: UInt16.self)) }
    default: preconditionFailure("decode: \(dtype.rawValue) is no float type of ours")
    }
  }

  /// Exact: the exponent is moved to its place in f32 and rebiased by a multiplication, which also normalises subnormals.
  @inline(__always) private static func half(_ bits: UInt16) -> Float {
    let magnitude = UInt32(bits & 0x7FFF) << 13
    let finite = (Float(bitPattern: magnitude) * 0x1p112).bitPattern
    let value = magnitude >= 0x7C00 << 13 ? magnitude | 0x7F80_0000 : finite
    return Float(bitPattern: value | UInt32(bits & 0x8000) << 16)
  }

  /// Rounds to nearest, ties to even. bf16 keeps NaN a NaN; f16 turns what is too large into infinity.
  static func encode(
    _ source: UnsafePointer<Float>, _ dtype: DType, into result: UnsafeMutableRawPointer, count: Int
  ) {
    switch dtype {
    case .f32: result.copyMemory(from: source, byteCount: count * 4)
    case .bf16:
      for i in 0..<count {
        let bits = source[i].bitPattern
        let rounded = (bits &+ 0x7FFF &+ (bits >> 16 & 1)) >> 16
        let isNaN = bits & 0x7FFF_FFFF > 0x7F80_0000
        result.storeBytes(
          of: UInt16(truncatingIfNeeded: isNaN ? bits >> 16 | 0x40 : rounded), toByteOffset: i * 2, as: UInt16.self)
      }
    case .f16:
      for i in 0..<count {
        result.storeBytes(of: Float16(source[i]).bitPattern, toByteOffset: i * 2, as: UInt16.self)
      }
    default: preconditionFailure("encode: \(dtype.rawValue) is no float type of ours")
    }
  }

  /// Whether none is NaN or infinite.
  static func allFinite(_ values: UnsafePointer<Float>, count: Int) -> Bool {
    var highest: UInt32 = 0
    for i in 0..<count { highest = max(highest, values[i].bitPattern & 0x7FFF_FFFF) }
    return highest < 0x7F80_0000
  }
}
