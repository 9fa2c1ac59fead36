extension Backend {
  package func linears(_ x: Tensor, _ layers: [PreparedLinear]) -> [Tensor] { layers.map { linear(x, $0) } }
}
