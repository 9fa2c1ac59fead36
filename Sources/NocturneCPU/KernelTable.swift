import CNocturneKernels

/// The C kernels of one instruction set.
struct KernelTable: @unchecked Sendable {  // guard: points at a constant table
  let pointer: UnsafePointer<nk_kernels>

  init(_ instructionSet: InstructionSet) { pointer = nk_kernels_at(instructionSet.level) }

  var table: nk_kernels { pointer.pointee }

  /// Rows of a register block; tiles of a multiple of it waste nothing.
  func blockRows(bf16: Bool) -> Int { Int(bf16 ? table.block_rows.1 : table.block_rows.0) }

  /// Bytes of an element of rows prepared for a product.
  func preparedBytes(bf16: Bool) -> Int { Int(bf16 ? table.prepared_bytes.1 : table.prepared_bytes.0) }
}
