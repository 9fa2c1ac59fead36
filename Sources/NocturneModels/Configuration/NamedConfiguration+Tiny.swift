extension NamedConfiguration {
  /// `tiny` of model.md section 12, the same document as Training's configs/tiny.json.
  static let tinyDocument = #"""
    {
      "format": 1,
      "name": "tiny",
      "sampleRate": 24000,
      "hop": 96,
      "latentDim": 16,
      "latentRate": 250,
      "semanticRate": 25,
      "semanticVocab": 32,
      "clipSeconds": 10,
      "mulan": {
        "dim": 32,
        "bert": {
          "vocab": 298,
          "positions": 64,
          "maxTokens": 64,
          "layers": 2,
          "dim": 64,
          "heads": 4,
          "ffn": 128,
          "epsilon": 1e-12,
          "pooling": "mean",
          "external": null
        },
        "ast": {
          "layers": 2,
          "dim": 32,
          "heads": 2,
          "ffn": 64,
          "mel": 32,
          "frames": 64,
          "patch": 8,
          "stride": 6
        }
      },
      "rvq": {
        "quantizers": 4,
        "codes": 16
      },
      "tokenizer": {
        "channels": 16,
        "kernels": [10, 3, 3, 3, 3, 3, 2, 2],
        "strides": [5, 3, 2, 2, 2, 2, 2, 2],
        "pad": [115, 115],
        "layers": 2,
        "dim": 32,
        "heads": 2,
        "ffn": 64,
        "depthwise": 7,
        "rope": 10000.0,
        "tapLayer": 1,
        "positionalKernel": 8,
        "positionalGroups": 4,
        "codeGroups": 2,
        "groupCodes": 8,
        "codeDim": 16
      },
      "lm": {
        "layers": 2,
        "dim": 64,
        "heads": 4,
        "ffn": 256,
        "rope": 10000.0,
        "epsilon": 1e-06,
        "temperature": 1.0,
        "topK": 0,
        "topP": 1.0
      },
      "dpd": {
        "dim": 96,
        "blocks": 4,
        "segment": 16,
        "chunks": 4,
        "angleDim": 32,
        "roformer": {
          "layers": 1,
          "heads": 3,
          "ffn": 416
        },
        "sru": {
          "layers": 2,
          "units": 48,
          "highwayBias": 0.0
        },
        "film": "mlp3",
        "dropPooled": false,
        "epsilon": 1e-06,
        "guidance": 2.5,
        "schedule": "linear"
      },
      "vae": {
        "latentScale": 3.0,
        "encoder": {
          "initial": 8,
          "rates": [2, 3, 4, 4],
          "widths": [8, 16, 24, 32],
          "kernels": [5, 7, 9, 9],
          "mrfCounts": [1, 1, 1, 2],
          "mrfKernels": [3, 7, 11],
          "dilations": [1, 3, 5]
        },
        "decoder": {
          "initial": 96,
          "rates": [4, 4, 3, 2],
          "widths": [48, 24, 12, 8],
          "kernels": [9, 9, 5, 7],
          "mrfKernels": [3, 7],
          "dilations": [1, 3, 5]
        }
      }
    }

    """#
}
