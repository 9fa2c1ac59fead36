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
  ///   - blockRows: rows of a register block.
  ///   - fixedRows: the tile's rows where the kernel has no choice.
  ///   - units: units of columns.
  package init(rows: Int, rowBytes: Int, haloBytes: Int = 0, blockRows: Int, fixedRows: Int?, units: Int, threads: Int)
  {
    // The tile's rows stay in a core's second-level cache (1 MiB and more) beside one panel of weights.
    let fitting = (Self.tileBytes - haloBytes) / max(rowBytes, 1) / blockRows
    let blocks = min(max(fitting, 1), Self.mostBlocks)
    tileRows = fixedRows ?? min(blocks * blockRows, max(rows, 1))
    tiles = (rows + tileRows - 1) / tileRows
    // Enough tasks that the last one's end leaves little idle time; where there are few tiles, columns are shared out.
    let wanted = 4 * threads
    let split = threads == 1 || tiles == 0 ? 1 : min(units, max(1, (wanted + tiles - 1) / tiles))
    groupUnits = max(1, (units + split - 1) / split)
    groups = (units + groupUnits - 1) / groupUnits
  }

  package static let tileBytes = 400_000
  package static let mostBlocks = 10

  package var tasks: Int { tiles * groups }
  package func tile(_ task: Int) -> Int { task / groups }
  /// The output rows of a tile.
  package func rows(_ tile: Int, of rows: Int) -> Range<Int> { tile * tileRows..<min((tile + 1) * tileRows, rows) }
  package func units(_ task: Int, of units: Int) -> Range<Int> {
    let group = task % groups
    return group * groupUnits..<min((group + 1) * groupUnits, units)
  }
}
