"""Tempo from onsets: how well each tempo's pulse, its multiples and its parts fit the autocorrelation of the
onsets. Letters: B batch, F frames, T tempos, K templates, R lags of a tempo over all bands."""

from __future__ import annotations

import math
from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..corpus.vocabulary import TEMPOS, tempo
from .listening import MEL_RATE

BPM: Final = tuple(50.0 * 2 ** (step / 80) for step in range(151))
"""Every 0.87 % from 50 to 184 beats a minute."""
_RATIOS: Final = (1 / 6, 1 / 4, 1 / 3, 1 / 2, 2 / 3, 3 / 4, 1, 4 / 3, 3 / 2, 2, 3, 4, 6)
"""Lags at which a tempo is looked for, in beats."""
_BANDS, _LONGEST, _LOCAL = 4, 240, 46
_TOLERANCE = 0.03
_BATCH = 512


class Pulse(nn.Module):
    """No network: the fit of a tempo is a weighted sum of the autocorrelation at its lags plus a parabola
    over the logarithm of tempo, once for each of a few templates (duple, triple, swung, ...), of which the
    best counts. `fit` finds the weights."""

    def __init__(self, templates: int = 6) -> None:
        super().__init__()
        self.weights = nn.Parameter(0.1 * torch.randn(templates, _BANDS * len(_RATIOS)))
        self.curves = nn.Parameter(torch.zeros(templates, 3))

    def forward(self, mel: Tensor) -> Tensor:
        """Log-mel [B, F, M] -> log-probability of each of `BPM` [B, T]"""
        return self.scores(periodicity(onsets(mel)))

    def scores(self, found: Tensor) -> Tensor:
        """Autocorrelation at the lags [B, T, R] -> log-probabilities [B, T]"""
        octaves = torch.log2(torch.tensor(BPM) / 96.0)
        prior = self.curves @ torch.stack((torch.ones_like(octaves), octaves, octaves.square()))
        return ((found @ self.weights.T).transpose(1, 2) + prior).logsumexp(dim=1).log_softmax(dim=1)


def onsets(mel: Tensor) -> Tensor:
    """Log-mel [B, F, M] -> mean rise from frame to frame over the bands below 260 Hz, to 1.6 kHz, above, and
    over all of them [B, 4, F], zero at the first"""
    # Nothing below -60 dB of the loudest band counts as a rise.
    floor = mel.amax(dim=(1, 2), keepdim=True) - 6.9
    risen = F.pad(mel.maximum(floor).diff(dim=1).clamp(min=0.0), (0, 0, 1, 0))
    parts = risen[..., :8], risen[..., 8:32], risen[..., 32:], risen
    return torch.stack([part.mean(dim=2) for part in parts], dim=1)


def periodicity(risen: Tensor) -> Tensor:
    """Onsets [B, 4, F] -> autocorrelation, 1 at lag 0, at the lags of each tempo [B, T, R]; 0 where a lag is
    beyond five seconds"""
    local = F.avg_pool1d(risen, _LOCAL + 1, 1, _LOCAL // 2, count_include_pad=False)
    sharp = (risen - local).clamp(min=0.0)
    sharp = sharp - sharp.mean(dim=2, keepdim=True)
    frames = risen.shape[2]
    size = frames + max(frames, _LONGEST)
    spectrum = torch.fft.rfft(sharp, size)
    found = torch.fft.irfft(spectrum.abs().square(), size)[..., :_LONGEST]
    # The longer the lag, the fewer pairs of frames have it.
    pairs = frames / (frames - torch.arange(_LONGEST)).clamp(min=frames // 2)
    found = found / found[..., :1].clamp(min=1e-9) * pairs
    lags = 60.0 * MEL_RATE / torch.tensor(BPM)[:, None] * torch.tensor(_RATIOS)
    inside = lags < _LONGEST - 1
    below = lags.long().clamp(max=_LONGEST - 2)
    at = torch.lerp(found[..., below], found[..., below + 1], (lags - below).clamp(0.0, 1.0))
    return torch.where(inside, at, 0.0).transpose(1, 2).flatten(2)


def fit(mel: Tensor, bpm: Tensor, generator: torch.Generator, steps: int = 600) -> Pulse:
    """Weights of greatest likelihood for log-mels [B, F, M] of known tempo [B]"""
    pulse = Pulse()
    nn.init.normal_(pulse.weights, std=0.1, generator=generator)
    found = torch.cat([periodicity(onsets(part.float())) for part in mel.split(256)])
    distance = (torch.log2(bpm.float())[:, None] - torch.log2(torch.tensor(BPM))) / _TOLERANCE
    wanted = (-0.5 * distance.square()).softmax(dim=1)
    optimiser = torch.optim.Adam(pulse.parameters(), lr=0.05)
    for step in range(steps):
        optimiser.param_groups[0]["lr"] = 0.05 * (0.5 + 0.5 * math.cos(math.pi * step / steps))
        batch = torch.randint(len(bpm), (min(_BATCH, len(bpm)),), generator=generator)
        loss = -(wanted[batch] * pulse.scores(found[batch])).sum(dim=1).mean()
        optimiser.zero_grad()
        (loss + 1e-4 * pulse.weights.square().sum()).backward()
        optimiser.step()
    return pulse.eval().requires_grad_(False)


def classes(scores: Tensor) -> Tensor:
    """Log-probabilities [B, T] -> probabilities of TEMPOS [B, 3]"""
    of = torch.tensor([TEMPOS.index(tempo(bpm)) for bpm in BPM])
    return scores.exp() @ F.one_hot(of, len(TEMPOS)).float()


def estimate(scores: Tensor) -> Tensor:
    """Log-probabilities [B, T] -> the likeliest beats a minute [B]"""
    return torch.tensor(BPM)[scores.argmax(dim=1)]
