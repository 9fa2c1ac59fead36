"""Major or minor, heard from pitch classes.

Letters: B batch, F frames, P semitones, O octaves, C channels.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..corpus.vocabulary import KEYS, MODES, QUALITIES, quality
from .listening import SEMITONES

OCTAVES = SEMITONES // 12


class Harmony(nn.Module):
    """Scores every tonic with every mode. All tonics share their weights: convolutions over the circle of
    pitch classes see each of them from where it would be the tonic, so what is learned in C holds in F."""

    def __init__(self, channels: int = 48) -> None:
        super().__init__()
        self.frames = nn.Conv1d(OCTAVES, channels, 12)
        self.chords = nn.Conv1d(2 * channels + 2 * OCTAVES, channels, 12)
        self.modes = nn.Conv1d(channels, len(MODES), 1)
        self.drop = nn.Dropout(0.2)

    def forward(self, pitch: Tensor) -> Tensor:
        """Loudness of semitones [B, F, P] -> logits [B, 12 tonics, 6 modes]"""
        circle = pitch.unflatten(2, (OCTAVES, 12))
        heard = F.relu(self.frames(_around(circle.flatten(0, 1)))).unflatten(0, circle.shape[:2])
        held = torch.cat((heard.mean(1), heard.amax(1), circle.mean(1), circle.amax(1)), dim=1)
        return self.modes(self.drop(F.relu(self.chords(_around(held))))).transpose(1, 2)


def _around(circle: Tensor) -> Tensor:
    """[B, C, 12] -> [B, C, 23], so that a kernel of 12 meets every rotation once"""
    return torch.cat((circle, circle[..., :11]), dim=-1)


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
