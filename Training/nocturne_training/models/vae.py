"""Audio VAE-GAN: encoder (5.2) and decoder (5.3). Letters: B batch, N samples, L latent frames, Z latent
channels."""

from __future__ import annotations

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..config import Config
from .residual import SLOPE, Downsample, MultiReceptiveField, Upsample

LAST_SLOPE = 0.01
"""Of the rectifier before the decoder's last convolution."""


class VaeDecoder(nn.Module):
    """Keys: `conv_pre`, `ups.{i}`, `resblocks.{i}.{j}.convs{1,2}.{d}`, `conv_post`, each `{weight,bias}`."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        decoder = config.vae.decoder
        widths = (decoder.initial, *decoder.widths)
        self.conv_pre = nn.Conv1d(config.latent_dim, decoder.initial, 7, padding=3)
        stages = zip(pairwise(widths), decoder.kernels, decoder.rates, strict=True)
        self.ups = nn.ModuleList(Upsample(*pair, kernel, rate) for pair, kernel, rate in stages)
        self.resblocks = nn.ModuleList(
            MultiReceptiveField(width, decoder.mrf_kernels, decoder.dilations) for width in decoder.widths
        )
        self.conv_post = nn.Conv1d(decoder.widths[-1], 1, 7, padding=3)

    def forward(self, z: Tensor) -> Tensor:
        """Latents [B, L, Z] in [-1, 1] -> audio [B, 96 L] in [-1, 1]"""
        x = self.conv_pre(z.transpose(1, 2))
        for up, mrf in zip(self.ups, self.resblocks, strict=True):
            x = mrf(up(F.leaky_relu(x, SLOPE)))
        return torch.tanh(self.conv_post(F.leaky_relu(x, LAST_SLOPE)))[:, 0]


class VaeEncoder(nn.Module):
    """Keys: `conv_pre`, `downs.{i}`, `resblocks.{i}.{n}.{j}.convs{1,2}.{d}`, `conv_post`, each
    `{weight,bias}`."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        encoder = config.vae.encoder
        widths = (encoder.initial, *encoder.widths)
        self.latent_scale = config.vae.latent_scale
        self.conv_pre = nn.Conv1d(1, encoder.initial, 7, padding=3)
        stages = zip(pairwise(widths), encoder.kernels, encoder.rates, strict=True)
        self.downs = nn.ModuleList(Downsample(*pair, kernel, rate) for pair, kernel, rate in stages)
        self.resblocks = nn.ModuleList(
            nn.Sequential(
                *(MultiReceptiveField(width, encoder.mrf_kernels, encoder.dilations) for _ in range(count))
            )
            for width, count in zip(encoder.widths, encoder.mrf_counts, strict=True)
        )
        self.conv_post = nn.Conv1d(encoder.widths[-1], 2 * config.latent_dim, 3, padding=1)

    def forward(self, audio: Tensor) -> tuple[Tensor, Tensor]:
        """Audio [B, N] with N a multiple of 96 -> mean and log variance, each [B, L, Z]; log variance in
        [-30, 20]"""
        x = self.conv_pre(audio[:, None])
        for down, modules in zip(self.downs, self.resblocks, strict=True):
            x = modules(down(F.leaky_relu(x, SLOPE)))
        mean, log_variance = self.conv_post(F.leaky_relu(x, SLOPE)).transpose(1, 2).chunk(2, dim=-1)
        return mean, log_variance.clamp(-30.0, 20.0)

    def latents(self, audio: Tensor) -> Tensor:
        """Audio [B, N] -> clip(mean / latent_scale, -1, 1) [B, L, Z] (5.1)"""
        return (self(audio)[0] / self.latent_scale).clamp(-1.0, 1.0)
