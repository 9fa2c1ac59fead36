"""Semantic tokenizer: wav2vec2-Conformer features of one layer, assigned to k-means centres (section 2).

Letters: B batch, N samples, T frames, D width, C extractor channels, V centres.
"""

from __future__ import annotations

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..config import Tokenizer as TokenizerConfig
from .conformer import ConvolutionLayer, Encoder
from .rvq import nearest


class Extractor(nn.Module):
    """Eight strided convolutions, 960 samples to one frame. Keys: `conv_layers.{i}.*`."""

    def __init__(self, config: TokenizerConfig) -> None:
        super().__init__()
        widths = pairwise((1, *(config.channels for _ in config.kernels)))
        shapes = zip(widths, config.kernels, config.strides, strict=True)
        self.conv_layers = nn.ModuleList(
            ConvolutionLayer(*pair, kernel, stride, norm=index == 0)
            for index, (pair, kernel, stride) in enumerate(shapes)
        )

    def forward(self, x: Tensor) -> Tensor:
        """[B, N] -> [B, T, C]"""
        x = x[:, None]
        for layer in self.conv_layers:
            x = layer(x)
        return x.transpose(1, 2)


class Tokenizer(nn.Module):
    """Keys: `feature_extractor.*`, `feature_projection.{layer_norm,projection}.*`, `masked_spec_embed`,
    `encoder.*`, and the buffer `kmeans.centers [V, D]`. The parameter count excludes buffers."""

    def __init__(self, config: TokenizerConfig, vocab: int) -> None:
        super().__init__()
        self.config = config
        self.feature_extractor = Extractor(config)
        norm, projection = nn.LayerNorm(config.channels), nn.Linear(config.channels, config.dim)
        self.feature_projection = nn.ModuleDict({"layer_norm": norm, "projection": projection})
        self.masked_spec_embed = nn.Parameter(torch.empty(config.dim).uniform_())
        self.encoder = Encoder(config)
        self.kmeans = nn.Module()
        self.kmeans.register_buffer("centers", torch.zeros(vocab, config.dim))

    def prepare(self, audio: Tensor) -> Tensor:
        """24 kHz audio [B, N] -> normalised per clip and zero-padded [B, N + pad]"""
        mean, variance = audio.mean(dim=1, keepdim=True), audio.var(dim=1, keepdim=True, unbiased=False)
        return F.pad((audio - mean) / (variance + 1e-7).sqrt(), self.config.pad)

    def extract(self, audio: Tensor) -> Tensor:
        """24 kHz audio [B, N] with N a multiple of 960 -> [B, N / 960, C]"""
        return self.feature_extractor(self.prepare(audio))

    def project(self, features: Tensor) -> Tensor:
        """[B, T, C] -> [B, T, D]"""
        return self.feature_projection["projection"](self.feature_projection["layer_norm"](features))

    def forward(self, audio: Tensor) -> Tensor:
        """Audio [B, N] -> final states [B, T, D]"""
        return self.encoder(self.project(self.extract(audio)))

    def tap(self, audio: Tensor) -> Tensor:
        """Audio [B, N] -> what k-means sees: block `tap_layer`'s output, per-frame LayerNorm without gain
        [B, T, D]"""
        state = self.encoder.blocks(self.project(self.extract(audio)), self.config.tap_layer)
        return F.layer_norm(state, state.shape[-1:])

    def assign(self, features: Tensor) -> Tensor:
        """[B, T, D] -> tokens [B, T]; ties go to the lower index"""
        return nearest(features.flatten(0, 1), self.kmeans.centers).view(features.shape[:2])

    def tokens(self, audio: Tensor) -> Tensor:
        """Audio [B, N] -> semantic tokens [B, N / 960]"""
        return self.assign(self.tap(audio))
