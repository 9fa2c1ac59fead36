import CNocturneKernels

/// The C kernels of one instruction set.
struct KernelTable: @unchecked Sendable {  // guard: points at a constant table
  let pointer: UnsafePointer<nk_kernels>

  init(_ instructionSet: InstructionSet) { pointer = nk_kernels_at(instructionSet.level) }

  var table: nk_kernels { pointer.pointee }

  /// What a tile of a product may have.
  var tileBounds: TileBounds {
    TileBounds(
      blockRows: Int(table.block_rows), mostBlocks: Int(table.tile_blocks), mostBytes: Int(table.tile_bytes))
  }

  /// Bytes of an element of rows prepared for a product.
  func preparedBytes(_ number: nk_number) -> Int { Int(entry(table.prepared_bytes, number)) }

  /// What a table holds for each `nk_number`.
  func entry<Entry>(_ entries: (Entry, Entry, Entry), _ number: nk_number) -> Entry {
    switch number {
    case NK_INT8: entries.2
    case NK_BF16: entries.1
    default: entries.0
    }
  }
}
