"""Major or minor, heard from pitch classes.

Letters: B batch, F frames, P semitones.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from ..corpus.vocabulary import KEYS, MODES, QUALITIES, quality
from ..models.harmony import Harmony
from .listening import SEMITONES


def unlearned() -> Harmony:
    """With random weights."""
    return Harmony(SEMITONES // 12, len(MODES))


def qualities(logits: Tensor) -> Tensor:
    """[B, 12, 6] -> probabilities of QUALITIES [B, 2], summed over tonics and modes"""
    of_mode = torch.tensor([QUALITIES.index(quality(mode)) for mode in MODES])
    joint = logits.flatten(1).softmax(dim=1).unflatten(1, logits.shape[1:]).sum(dim=1)
    return joint @ F.one_hot(of_mode, len(QUALITIES)).to(joint)


def target(labels: dict[str, Any]) -> int:
    """Tonic and mode as one number, counting as the flattened logits do"""
    return KEYS.index(labels["key"]) * len(MODES) + MODES.index(labels["mode"])


def transposed(pitch: Tensor, targets: Tensor, steps: int) -> tuple[Tensor, Tensor]:
    """The same music `steps` semitones higher: [B, F, P] and targets [B]"""
    moved = (targets + steps * len(MODES)) % (len(KEYS) * len(MODES))
    return pitch.roll(steps, dims=2), moved
