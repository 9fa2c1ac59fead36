import Foundation

/// One line at the bottom of a terminal, drawn over itself.
struct ProgressBar {
  let isLive: Bool
  private var isDrawn = false

  init(isLive: Bool) { self.isLive = isLive }

  mutating func draw(_ meter: ProgressMeter) {
    guard isLive else { return }
    let text = meter.line
    let room = max(0, min(40, Terminal.width - text.count - 4))
    let filled = Int((Double(room) * min(1, max(0, meter.fraction))).rounded(.down))
    let bar =
      room < 8
      ? "" : "[" + String(repeating: "#", count: filled) + String(repeating: ".", count: room - filled) + "] "
    Terminal.write("\r\u{1B}[2K" + (bar + text).prefix(max(1, Terminal.width - 1)))
    isDrawn = true
  }

  /// Makes room for an ordinary line.
  mutating func clear() {
    guard isDrawn else { return }
    Terminal.write("\r\u{1B}[2K")
    isDrawn = false
  }
}
