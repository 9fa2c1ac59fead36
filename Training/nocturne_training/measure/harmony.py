"""Major or minor, heard from pitch classes.

Letters: B batch, F frames, P semitones.
"""

from __future__ import annotations

from torch import Tensor

from ..models.harmony import Harmony, raised
from .listening import SEMITONES


def unlearned() -> Harmony:
    """With random weights."""
    return Harmony(SEMITONES // 12)


def transposed(pitch: Tensor, targets: Tensor, steps: int) -> tuple[Tensor, Tensor]:
    """The same music `steps` semitones higher: [B, F, P] and `tonality` [B]"""
    return pitch.roll(steps, dims=2), raised(targets, steps)
