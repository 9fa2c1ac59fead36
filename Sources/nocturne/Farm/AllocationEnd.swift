import Foundation

/// When a machine is taken away, as people write it.
struct AllocationEnd {
  let date: Date

  /// `06:30` is the next one in local time; else ISO 8601 with its offset.
  init?(_ text: String, after now: Date = Date(), calendar: Calendar = .current) {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    if parts.count == 2, parts.allSatisfy({ (1...2).contains($0.count) && $0.allSatisfy(\.isNumber) }) {
      guard let hour = Int(parts[0]), let minute = Int(parts[1]), hour < 24, minute < 60,
        let next = calendar.nextDate(
          after: now, matching: DateComponents(hour: hour, minute: minute, second: 0), matchingPolicy: .nextTime)
      else { return nil }
      date = next
    } else if let exact = try? Date(text, strategy: .iso8601) {
      date = exact
    } else {
      return nil
    }
  }
}
