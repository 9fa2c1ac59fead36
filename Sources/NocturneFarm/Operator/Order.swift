/// What an operator asks of a run.
package enum Order: Hashable, Sendable {
  /// Hand out nothing more, over restarts too, until `resume`; what executes is finished.
  case pause
  case resume
  /// Let the workers finish what executes, then end as stopped.
  case drain
  /// Give items up that are not decided yet: all of them, or those named.
  case cancel(ItemSelection)
  /// Let dead or cancelled items wait again, with fresh tries.
  case retry(ItemSelection)
}

/// Which items an order is about.
package enum ItemSelection: Hashable, Sendable {
  /// Every item that the order can apply to; for `retry`, all that failed, but not what was cancelled on purpose.
  case all
  /// By id: a row with all its takes, or one take as `<id>-t<k>`.
  case named([String])
  /// Those that ended in this class.
  case ended(FailureClass)
}

/// Whom to answer; given out by the shell.
package struct OrderTicket: Hashable, Sendable {
  package let number: UInt64

  package init(_ number: UInt64) { self.number = number }
}
