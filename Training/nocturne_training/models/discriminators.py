"""Discriminators of the VAE-GAN: multi-period and multi-resolution spectrogram (5.4).

Each call gives, per sub-discriminator, the score map and the list of feature maps. Letters: B batch, N
samples.
"""

from __future__ import annotations

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

Judgement = tuple[Tensor, list[Tensor]]
PERIODS = (2, 3, 5, 7, 11)
RESOLUTIONS = ((1024, 120, 600), (2048, 240, 1200), (512, 50, 240))


def _judge(x: Tensor, convs: nn.ModuleList, post: nn.Conv2d, slope: float) -> Judgement:
    features = []
    for conv in convs:
        x = F.leaky_relu(conv(x), slope)
        features.append(x)
    x = post(x)
    return x.flatten(1), [*features, x]


class PeriodDiscriminator(nn.Module):
    """Folds audio to [N / p, p] and convolves along time only."""

    def __init__(self, period: int, width: int = 32) -> None:
        super().__init__()
        self.period = period
        widths = (1, width, 4 * width, 16 * width, 32 * width)
        convs = [nn.Conv2d(a, b, (5, 1), stride=(3, 1), padding=(2, 0)) for a, b in pairwise(widths)]
        self.convs = nn.ModuleList([*convs, nn.Conv2d(widths[-1], widths[-1], (5, 1), padding=(2, 0))])
        self.conv_post = nn.Conv2d(widths[-1], 1, (3, 1), padding=(1, 0))

    def forward(self, audio: Tensor) -> Judgement:
        """[B, N] -> scores [B, ...] and feature maps"""
        missing = -audio.shape[1] % self.period
        x = F.pad(audio[:, None], (0, missing), mode="reflect") if missing else audio[:, None]
        return _judge(x.unflatten(-1, (-1, self.period)), self.convs, self.conv_post, 0.1)


class SpectrogramDiscriminator(nn.Module):
    """Magnitude spectrogram [B, 1, FFT / 2 + 1, frames] through 2-D convolutions."""

    def __init__(self, fft: int, hop: int, window: int, width: int = 32) -> None:
        super().__init__()
        self.sizes = fft, hop, window
        wide = [nn.Conv2d(width, width, (3, 9), stride=(1, 2), padding=(1, 4)) for _ in range(3)]
        first, last = nn.Conv2d(1, width, (3, 9), padding=(1, 4)), nn.Conv2d(width, width, 3, padding=1)
        self.convs = nn.ModuleList([first, *wide, last])
        self.conv_post = nn.Conv2d(width, 1, 3, padding=1)
        self.register_buffer("window", torch.hann_window(window), persistent=False)

    def forward(self, audio: Tensor) -> Judgement:
        """[B, N] -> scores [B, ...] and feature maps"""
        fft, hop, length = self.sizes
        side = (fft - hop) // 2
        padded = F.pad(audio[:, None], (side, side), mode="reflect")[:, 0]
        spectrum = torch.stft(padded, fft, hop, length, self.window, center=False, return_complex=True)
        return _judge(spectrum.abs()[:, None], self.convs, self.conv_post, 0.2)


class MultiPeriodDiscriminator(nn.ModuleList):
    """Five periods; the published width is 32."""

    def __init__(self, width: int = 32) -> None:
        super().__init__(PeriodDiscriminator(period, width) for period in PERIODS)

    def forward(self, audio: Tensor) -> list[Judgement]:
        """[B, N] -> one judgement per period"""
        return [part(audio) for part in self]


class MultiResolutionDiscriminator(nn.ModuleList):
    """Three resolutions; the published width is 32."""

    def __init__(self, width: int = 32) -> None:
        super().__init__(SpectrogramDiscriminator(*sizes, width) for sizes in RESOLUTIONS)

    def forward(self, audio: Tensor) -> list[Judgement]:
        """[B, N] -> one judgement per resolution"""
        return [part(audio) for part in self]
