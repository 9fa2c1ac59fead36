"""Filters that hear how loud tones and noises are, and the sounds to sing them with. Letters: G groups (a
tone or a band of noise), P phases, F filters of a group, N samples."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

RATE = 24_000
FIRST_NOTE = 28
"""MIDI number of the lowest tone, E1."""
SLOW = 24
"""Tones, from the lowest, that have one latent a frame; the others have one for each part of it."""
NOISE = ((3000.0, 4500.0), (4500.0, 6500.0), (6500.0, 9000.0), (9000.0, 11800.0))
"""Bands of noise in Hz, one latent for each part of the frame."""
NOISE_FILTERS = 4
"""Filters of a band of noise."""
PHASES = 3
"""Of a filter. The sum of what three phases rectify is within 7 % the same for any phase of a tone."""
RECTIFIED = PHASES * 2 / math.pi
"""Mean of that sum for a wave of amplitude 1."""
PERIODS = 30.0
"""Of a tone in its filter, as far as the filters reach."""
SHORTEST = 1200
"""Samples of the shortest filter."""


@dataclass(frozen=True)
class Bank:
    """A frame of `parts` times `part` samples and `latents` channels."""

    parts: int
    part: int
    latents: int

    @property
    def tones(self) -> Tensor:
        """Hz of every tone, f64. Raises `ValueError` where the number of latents does not fit."""
        fast, rest = divmod(self.latents - SLOW, self.parts)
        if rest or fast <= len(NOISE):
            raise ValueError(f"latentDim {self.latents} does not fit a bank of {self.parts} parts a frame")
        notes = FIRST_NOTE + torch.arange(SLOW + fast - len(NOISE), dtype=torch.float64)
        return 440.0 * 2.0 ** ((notes - 69) / 12)

    @property
    def sources(self) -> list[tuple[int, int]]:
        """For every latent its group, tones first, and its part of the frame; -1 is the mean of all."""
        fast = range(SLOW, len(self.tones) + len(NOISE))
        return [(group, -1) for group in range(SLOW)] + [
            (g, part) for g in fast for part in range(self.parts)
        ]

    def parts_of(self, part: int) -> range:
        """The parts that a latent's own part stands for."""
        return range(self.parts) if part < 0 else range(part, part + 1)


def filters(bank: Bank, reach: int) -> Tensor:
    """Impulse responses [G, F, P, reach], centred, f64. A wave of amplitude 1 comes out with amplitude 1. A
    tone needs one filter; the others of its group are zero."""
    tones = bank.tones
    found = torch.zeros(len(tones) + len(NOISE), NOISE_FILTERS, PHASES, reach, dtype=torch.float64)
    for group, hertz in enumerate(tones.tolist()):
        found[group, 0] = _filter(hertz, min(reach, max(SHORTEST, round(PERIODS * RATE / hertz))), reach)
    for band, (low, high) in enumerate(NOISE):
        for number in range(NOISE_FILTERS):
            hertz = low + (high - low) * (number + 0.5) / NOISE_FILTERS
            found[len(tones) + band, number] = _filter(hertz, SHORTEST, reach) / NOISE_FILTERS
    return found


def _filter(hertz: float, length: int, reach: int) -> Tensor:
    time = torch.arange(reach, dtype=torch.float64) - (reach - 1) / 2
    window = torch.where(time.abs() < length / 2, torch.cos(math.pi * time / length).square(), 0.0)
    phases = math.pi * torch.arange(PHASES, dtype=torch.float64) / PHASES
    return 2.0 * window / window.sum() * torch.cos(2 * math.pi * hertz * time / RATE + phases[:, None])


def loudness(bank: Bank, responses: Tensor, audio: Tensor) -> Tensor:
    """What the filters hear: [B, N] -> [B, frames, latents], amplitudes"""
    reach = responses.shape[-1]
    count = audio.shape[1] // (bank.part * bank.parts) * bank.parts
    side = (reach - bank.part) // 2
    padded = F.pad(audio, (side, reach - bank.part - side))
    kernel = responses.float().flatten(0, 2)[:, None]
    waves = torch.cat([F.conv1d(row[None, None], kernel, stride=bank.part) for row in padded])[..., :count]
    loud = waves.abs().unflatten(1, (len(responses), -1)).sum(dim=2) / RECTIFIED
    loud = loud.unflatten(-1, (-1, bank.parts))
    columns = [loud[:, g].mean(dim=-1) if part < 0 else loud[:, g, :, part] for g, part in bank.sources]
    return torch.stack(columns, dim=-1)


def grains(bank: Bank, responses: Tensor, reach: int) -> Tensor:
    """What loudness 1 sounds like in one part of a frame, from (reach - part) / 2 samples before it: each
    tone as a cosine and a negative sine from the part's start, then for each band of noise as many noises as
    there are parts, f64 [2 tones + bands * parts, reach]"""
    window = torch.sin(math.pi * (torch.arange(reach, dtype=torch.float64) + 0.5) / reach).square()
    window /= window.unflatten(0, (-1, bank.part)).sum(dim=0).mean()
    time = torch.arange(reach, dtype=torch.float64) - (reach - bank.part) // 2
    turns = 2 * math.pi * bank.tones[:, None] * time / RATE
    tones = torch.stack([turns.cos(), -turns.sin()], dim=1)
    random = torch.Generator().manual_seed(7)
    white = torch.randn(len(NOISE), bank.parts, 2 * reach, generator=random, dtype=torch.float64)
    spectrum, hertz = torch.fft.rfft(white), torch.fft.rfftfreq(2 * reach, 1 / RATE)
    inside = torch.stack([(hertz >= low) & (hertz < high) for low, high in NOISE])
    noise = torch.fft.irfft(spectrum * inside[:, None], 2 * reach)[..., :reach]
    kernel = responses[-len(NOISE) :].flatten(0, 2)[:, None]
    heard = F.conv1d(noise.flatten(1)[:, None], kernel).abs().unflatten(1, (len(NOISE), -1)).sum(dim=2)
    level = torch.stack([heard[band, band].mean() for band in range(len(NOISE))]) / RECTIFIED
    return torch.cat([tones.flatten(0, 1), (noise / level[:, None, None]).flatten(0, 1)]) * window
