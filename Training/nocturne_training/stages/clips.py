"""Audio of corpus clips as tensors. Letters: B batch, N samples."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from ..corpus.dataset import Clip
from ..trainer.randomness import Draw


def batches(clips: Sequence[Clip], size: int) -> list[Sequence[Clip]]:
    """The clips in their order, `size` at a time, the last ones maybe fewer."""
    return [clips[first : first + size] for first in range(0, len(clips), size)]


def crops(clips: Sequence[Clip], draws: Sequence[Draw], samples: int, step: int = 1) -> Tensor:
    """A random crop of each drawn clip, starting at a multiple of `step` -> [B, samples]; silence behind
    clips that are shorter"""
    drawn, starts = [clips[draw.index] for draw in draws], []
    for draw, clip in zip(draws, drawn, strict=True):
        room = (clip.samples - samples) // step
        starts.append(step * int(torch.randint(room + 1, (), generator=draw.generator)) if room > 0 else 0)
    return stretches(drawn, starts, samples)


def whole(clips: Sequence[Clip], samples: int) -> Tensor:
    """The first `samples` of each clip -> [B, samples], silence behind shorter ones"""
    return stretches(clips, [0] * len(clips), samples)


def stretches(clips: Sequence[Clip], starts: Sequence[int], samples: int) -> Tensor:
    """So many samples of each clip from its start on -> [B, samples], silence behind its end"""
    parts = [_read(clip, start, samples) for clip, start in zip(clips, starts, strict=True)]
    return torch.from_numpy(np.stack(parts))


def _read(clip: Clip, start: int, samples: int) -> np.ndarray:
    audio = clip.audio(start, min(samples, clip.samples - start))
    return np.pad(audio, (0, samples - len(audio)))
