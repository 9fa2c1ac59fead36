"""What the probes and the tempo estimator hear of a clip.

Letters: B batch, N samples, F frames, M bands, P semitones.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ..losses.spectral import log_mel, magnitudes

LOWEST, SEMITONES = 28, 72
"""Six octaves from the low E of a double bass."""
MEL_RATE = 24_000 / 512
"""Frames a second."""
_FFT, _HOP = 16_384, 4_800


@dataclass(frozen=True, slots=True)
class Heard:
    """Features of clips of 10 s, the first axis counting clips: natural log-mel at `MEL_RATE` [F, M],
    loudness of each semitone five times a second [F, P]."""

    mel: np.ndarray
    pitch: np.ndarray

    def __len__(self) -> int:
        return len(self.mel)


@torch.no_grad()
def hear(clips: Iterable[np.ndarray]) -> Heard:
    """Features of float audio [N] at 24 kHz, clip by clip; all clips must be of one length."""
    mels, pitches = [], []
    for clip in clips:
        audio = torch.from_numpy(np.ascontiguousarray(clip, dtype=np.float32))[None]
        mels.append(F.avg_pool1d(log_mel(audio).transpose(1, 2), 2)[0].T.half().numpy())
        pitches.append(semitones(audio)[0].half().numpy())
    return Heard(np.stack(mels), np.stack(pitches))


def semitones(audio: Tensor) -> Tensor:
    """[B, N] -> [B, F, P], log(1 + 100 x) of each semitone's magnitude over the clip's loudest."""
    found = magnitudes(audio, _FFT, _FFT, _HOP).transpose(1, 2) @ semitone_filters()
    return torch.log1p(100.0 * found / found.amax(dim=(1, 2), keepdim=True).clamp(min=1e-6))


@lru_cache
def semitone_filters() -> Tensor:
    """Triangles one semitone to each side, peak 1 -> [_FFT / 2 + 1, P]"""
    hertz = torch.arange(_FFT // 2 + 1, dtype=torch.float64) * (24_000 / _FFT)
    midi = 69.0 + 12.0 * torch.log2(hertz.clamp(min=1.0) / 440.0)
    centres = torch.arange(LOWEST, LOWEST + SEMITONES, dtype=torch.float64)
    return (1.0 - (midi[:, None] - centres).abs()).clamp(min=0.0).float()
