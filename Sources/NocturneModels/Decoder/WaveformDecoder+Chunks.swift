package import NocturneTensor

extension WaveformDecoder {
  /// Latent frames decoded at once, which bounds the memory of any length of clip: 5 s of `paper`, 125 s of `demo`.
  package static let chunkFrames = 1250
  /// Frames read beyond each end of a chunk and cut again; at least the decoder's reach.
  package var margin: Int { max(32, Self.reach(decoder)) }

  /// [L, Z] -> `L * hop` samples, chunk by chunk; equal to a decode of the whole up to rounding, and the same bits for
  /// the same latents and chunk length on any number of threads.
  ///
  /// - Parameter progress: given the chunks done; a throw ends the call.
  package func decode(_ latents: Tensor, chunkFrames: Int = Self.chunkFrames, progress: (Int) throws -> Void) throws
    -> [Float]
  {
    precondition(latents.shape.rank == 2 && chunkFrames > 0, "WaveformDecoder: \(latents.shape) by \(chunkFrames)")
    let frames = latents.shape[0]
    let chunks = (frames + chunkFrames - 1) / chunkFrames
    var samples: [Float] = []
    samples.reserveCapacity(frames * hop)
    for chunk in 0..<chunks {
      let wanted = chunk * frames / chunks..<(chunk + 1) * frames / chunks
      let read = max(0, wanted.lowerBound - margin)..<min(frames, wanted.upperBound + margin)
      let decoded = self(latents.rows(read).reshaped([1, read.count, latents.shape[1]]))
      let first = (wanted.lowerBound - read.lowerBound) * hop
      samples.append(contentsOf: decoded.buffer[first..<first + wanted.count * hop])
      try progress(chunk + 1)
    }
    return samples
  }
}
