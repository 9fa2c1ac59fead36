/// What an operator's command says to a coordinator, over the run's control socket. One reply follows.
package enum ControlRequest: Hashable, Sendable {
  case order(Order)
  /// Where are the items of this name? (See `ItemSelection.named`.)
  case explain(String)
}

/// What the coordinator says to it.
package enum ControlReply: Hashable, Sendable {
  case answer(OrderAnswer)
  /// Empty when the run has no such item.
  case explained([Whereabouts])
}
