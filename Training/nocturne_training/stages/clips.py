"""Audio of corpus clips as tensors. Letters: B batch, N samples."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from ..corpus.dataset import Clip
from ..trainer.randomness import Draw


def crops(clips: Sequence[Clip], draws: Sequence[Draw], samples: int, step: int = 1) -> Tensor:
    """A random crop of each drawn clip, starting at a multiple of `step` -> [B, samples]; silence behind
    clips that are shorter"""
    parts = []
    for draw in draws:
        clip = clips[draw.index]
        room = (clip.samples - samples) // step
        start = step * int(torch.randint(room + 1, (), generator=draw.generator)) if room > 0 else 0
        parts.append(_read(clip, start, samples))
    return torch.from_numpy(np.stack(parts))


def whole(clips: Sequence[Clip], samples: int) -> Tensor:
    """The first `samples` of each clip -> [B, samples], silence behind shorter ones"""
    return torch.from_numpy(np.stack([_read(clip, 0, samples) for clip in clips]))


def _read(clip: Clip, start: int, samples: int) -> np.ndarray:
    audio = clip.audio(start, min(samples, clip.samples - start))
    return np.pad(audio, (0, samples - len(audio)))
