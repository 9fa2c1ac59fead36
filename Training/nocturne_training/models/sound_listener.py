"""A network that names what a clip is from its sound: what the decoder is tuned with, and through it the
diffusion network. It learns on a made corpus and is no part of a checkpoint.

Letters: B batch, N samples, F frames, G bands, C channels.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor, nn

from ..losses.spectral import log_mel, magnitudes
from .listeners import Heard, Names, over_time

LOWEST, SEMITONES = 28, 100
"""From the low E of a double bass to above 10 kHz."""
_FFT, _HOP = 4096, 512
_FLOOR = 1e-4
_WIDTHS: Final = 32, 64, 96, 160
_JOINED = 224
_DROPOUT = 0.3
_CONTRAST = 3.0
"""Natural logarithms of a clip deviate by about so much."""


@dataclass(frozen=True)
class Shape:
    """Bands, and of each layer the kernel and the stride in time and over the bands."""

    bands: int
    kernels: tuple[tuple[int, int], ...]
    strides: tuple[tuple[int, int], ...]


SHAPES: Final = {
    "mel": Shape(80, ((9, 5), (3, 3), (3, 3), (3, 3)), ((4, 2), (2, 2), (2, 2), (1, 2))),
    "pitch": Shape(SEMITONES, ((5, 7), (5, 3), (3, 3), (3, 3)), ((2, 2), (2, 2), (1, 2), (2, 2))),
}
"""Two kinds that hear different things: `mel` attacks, 94 times a second, `pitch` single tones, 47 times.
What pleases both is less likely to please by a blind spot of one."""
SHORTEST = _FFT
"""Samples that they need."""


class SoundListener(nn.Module):
    """Convolutions over time and bands, mean and largest over time. Equal at any loudness."""

    def __init__(self, kind: str, choices: Mapping[str, int]) -> None:
        super().__init__()
        shape = SHAPES[kind]
        self.kind = kind
        if kind == "pitch":
            self.register_buffer("filters", semitone_filters(), persistent=False)
        layers: list[nn.Module] = []
        before, bands = 1, shape.bands
        for width, kernel, stride in zip(_WIDTHS, shape.kernels, shape.strides, strict=True):
            padding = kernel[0] // 2, kernel[1] // 2
            convolution = nn.Conv2d(before, width, kernel, stride, padding, bias=False)
            layers.append(nn.Sequential(convolution, nn.BatchNorm2d(width), nn.GELU()))
            before, bands = width, -(-bands // stride[1])
        self.local = nn.ModuleList(layers)
        joined = nn.Conv1d(before * bands, _JOINED, 1, bias=False)
        self.joined = nn.Sequential(joined, nn.BatchNorm1d(_JOINED), nn.ReLU())
        self.names = nn.Sequential(nn.Dropout(_DROPOUT), Names(2 * _JOINED, choices))

    def frames(self, audio: Tensor) -> Tensor:
        """24 kHz audio [B, N] -> natural logarithm of how loud each band is [B, F, G]"""
        if self.kind == "mel":
            return log_mel(audio)
        found = magnitudes(audio, _FFT, _FFT, _HOP).transpose(1, 2) @ self.filters
        return found.clamp(min=_FLOOR).log()

    def features(self, frames: Tensor) -> list[Tensor]:
        """[B, F, G] -> what each layer makes of it, [B, C, F', G'], the last one [B, C, F']"""
        x = ((frames - frames.mean(dim=(1, 2), keepdim=True)) / _CONTRAST)[:, None]
        found = []
        for layer in self.local:
            x = layer(x)
            found.append(x)
        return [*found, self.joined(x.transpose(2, 3).flatten(1, 2))]

    def told(self, features: list[Tensor]) -> Heard:
        """What `features` say it is."""
        return self.names(over_time(features[-1]))

    def forward(self, frames: Tensor) -> Heard:
        """[B, F, G] -> what it sounds like"""
        return self.told(self.features(frames))


def semitone_filters() -> Tensor:
    """Triangles a semitone to each side, peak 1; where bins lie further apart than these reach, the nearest
    bin -> [_FFT / 2 + 1, SEMITONES]"""
    hertz = torch.arange(_FFT // 2 + 1, dtype=torch.float64) * (24_000 / _FFT)
    midi = 69.0 + 12.0 * torch.log2(hertz.clamp(min=1.0) / 440.0)
    distance = (midi[:, None] - torch.arange(LOWEST, LOWEST + SEMITONES, dtype=torch.float64)).abs()
    filters = (1.0 - distance).clamp(min=0.0)
    poor = filters.sum(dim=0) < 0.5
    filters[distance.argmin(dim=0)[poor], poor.nonzero()[:, 0]] = 1.0
    return filters.float()


def tilted(frames: Tensor, amount: Tensor) -> Tensor:
    """As through an equaliser: [B, F, G] louder by `amount` [B] nepers in the highest band, quieter by it in
    the lowest"""
    return frames + amount[:, None, None] * torch.linspace(-1.0, 1.0, frames.shape[2], device=frames.device)


def distance(real: list[Tensor], generated: list[Tensor]) -> Tensor:
    """Mean over the layers of the mean absolute difference of two `features`, as a share of the real ones'
    mean -> scalar"""
    shares = [
        (a - b).float().abs().mean() / a.float().abs().mean().clamp(min=math.exp(-9.0))
        for a, b in zip(real, generated, strict=True)
    ]
    return torch.stack(shares).mean()
