extension NamedConfiguration {
  /// `paper` of model.md section 12, the same document as Training's configs/paper.json.
  static let paperDocument = #"""
    {
      "format": 1,
      "name": "paper",
      "sampleRate": 24000,
      "hop": 96,
      "latentDim": 16,
      "latentRate": 250,
      "semanticRate": 25,
      "semanticVocab": 1024,
      "clipSeconds": 10,
      "mulan": {
        "dim": 128,
        "bert": {
          "vocab": 30522,
          "positions": 512,
          "maxTokens": 512,
          "layers": 12,
          "dim": 768,
          "heads": 12,
          "ffn": 3072,
          "epsilon": 1e-12,
          "pooling": "cls",
          "external": null
        },
        "ast": {
          "layers": 12,
          "dim": 768,
          "heads": 12,
          "ffn": 3072,
          "mel": 128,
          "frames": 1024,
          "patch": 16,
          "stride": 10
        }
      },
      "rvq": {
        "quantizers": 12,
        "codes": 1024
      },
      "tokenizer": {
        "channels": 512,
        "kernels": [10, 3, 3, 3, 3, 3, 2, 2],
        "strides": [5, 3, 2, 2, 2, 2, 2, 2],
        "pad": [115, 115],
        "layers": 14,
        "dim": 768,
        "heads": 12,
        "ffn": 3072,
        "depthwise": 31,
        "rope": 10000.0,
        "tapLayer": 7,
        "positionalKernel": 128,
        "positionalGroups": 16,
        "codeGroups": 2,
        "groupCodes": 320,
        "codeDim": 256
      },
      "lm": {
        "layers": 24,
        "dim": 1024,
        "heads": 16,
        "ffn": 4096,
        "rope": 10000.0,
        "epsilon": 1e-06,
        "temperature": 1.0,
        "topK": 0,
        "topP": 1.0
      },
      "dpd": {
        "dim": 768,
        "blocks": 8,
        "segment": 64,
        "chunks": 4,
        "angleDim": 256,
        "roformer": {
          "layers": 3,
          "heads": 12,
          "ffn": 3328
        },
        "sru": {
          "layers": 2,
          "units": 384,
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
          "initial": 32,
          "rates": [2, 3, 4, 4],
          "widths": [32, 64, 128, 256],
          "kernels": [5, 7, 9, 9],
          "mrfCounts": [1, 1, 3, 4],
          "mrfKernels": [3, 7, 11],
          "dilations": [1, 3, 5]
        },
        "decoder": {
          "initial": 1536,
          "rates": [4, 4, 3, 2],
          "widths": [768, 384, 192, 96],
          "kernels": [9, 9, 5, 7],
          "mrfKernels": [3, 7],
          "dilations": [1, 3, 5]
        }
      }
    }

    """#
}
