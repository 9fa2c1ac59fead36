/// How large an instruction set's kernels like their tiles.
package struct TileBounds: Sendable {
  /// Rows of a register block; tiles of a multiple of it waste nothing.
  package let blockRows: Int
  package let mostBlocks: Int
  /// Bytes of prepared rows.
  package let mostBytes: Int

  package init(blockRows: Int, mostBlocks: Int, mostBytes: Int) {
    (self.blockRows, self.mostBlocks, self.mostBytes) = (blockRows, mostBlocks, mostBytes)
  }
}

/// How the rows and columns of one product are cut into tiles; the cut decides speed only, never bits.
package struct ProductPlan: Equatable {
  /// Output rows of a tile.
  package let tileRows: Int
  package let tiles: Int
  /// Units of columns a task takes.
  package let groupUnits: Int
  package let groups: Int

  /// - Parameters:
  ///   - rows: output rows in all.
  ///   - rowBytes: bytes of prepared input for each output row.
  ///   - haloBytes: bytes of prepared input a tile needs besides.
  ///   - bounds: of a tile.
  ///   - fixedRows: the tile's rows where the kernel has no choice.
  ///   - units: units of columns.
  package init(
    rows: Int, rowBytes: Int, haloBytes: Int = 0, bounds: TileBounds, fixedRows: Int?, units: Int, threads: Int
  ) {
    let fitting = (bounds.mostBytes - haloBytes) / max(rowBytes, 1) / bounds.blockRows
    let blocks = min(max(fitting, 1), bounds.mostBlocks)
    tileRows = fixedRows ?? min(blocks * bounds.blockRows, max(rows, 1))
    tiles = (rows + tileRows - 1) / tileRows
    // Enough tasks that the last one's end leaves little idle time; where there are few tiles, columns are shared out.
    let wanted = 4 * threads
    let split = threads == 1 || tiles == 0 ? 1 : min(units, max(1, (wanted + tiles - 1) / tiles))
    groupUnits = max(1, (units + split - 1) / split)
    groups = (units + groupUnits - 1) / groupUnits
  }

  package var tasks: Int { tiles * groups }
  package func tile(_ task: Int) -> Int { task / groups }
  /// The output rows of a tile.
  package func rows(_ tile: Int, of rows: Int) -> Range<Int> { tile * tileRows..<min((tile + 1) * tileRows, rows) }
  package func units(_ task: Int, of units: Int) -> Range<Int> {
    let group = task % groups
    return group * groupUnits..<min((group + 1) * groupUnits, units)
  }
}
