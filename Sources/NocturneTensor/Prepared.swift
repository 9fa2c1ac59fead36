/// A linear layer's weights in the layout its backend multiplies fastest; made once by `Backend.prepareLinear`.
package struct PreparedLinear: Sendable {
  package let inputs: Int
  package let outputs: Int
  /// The backend's own representation.
  package let payload: any Sendable

  package init(inputs: Int, outputs: Int, payload: any Sendable) {
    self.inputs = inputs
    self.outputs = outputs
    self.payload = payload
  }
}

/// A convolution's weights, prepared for one geometry; made once by `Backend.prepareConvolution`.
package struct PreparedConvolution: Sendable {
  package let inputs: Int
  package let outputs: Int
  package let kernel: Int
  package let geometry: ConvolutionGeometry
  package let payload: any Sendable

  package init(inputs: Int, outputs: Int, kernel: Int, geometry: ConvolutionGeometry, payload: any Sendable) {
    self.inputs = inputs
    self.outputs = outputs
    self.kernel = kernel
    self.geometry = geometry
    self.payload = payload
  }
}

/// A transposed convolution's weights, prepared for one geometry; made once by `Backend.prepareTransposedConvolution`.
package struct PreparedTransposedConvolution: Sendable {
  package let inputs: Int
  package let outputs: Int
  package let kernel: Int
  package let geometry: TransposedGeometry
  package let payload: any Sendable

  package init(inputs: Int, outputs: Int, kernel: Int, geometry: TransposedGeometry, payload: any Sendable) {
    self.inputs = inputs
    self.outputs = outputs
    self.kernel = kernel
    self.geometry = geometry
    self.payload = payload
  }
}
