"""What hears tonic and mode from pitch classes.

Letters: B batch, F frames, P semitones, O octaves, C channels.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..corpus.vocabulary import KEYS, MODES, QUALITIES, quality

TONALITIES = len(KEYS) * len(MODES)
"""Tonics with their modes, numbered as the flattened scores of `Harmony` are."""


class Harmony(nn.Module):
    """Scores every tonic with every mode. All tonics share their weights: convolutions over the circle of
    pitch classes see each of them from where it would be the tonic, so what is learned in C holds in F."""

    def __init__(self, octaves: int, channels: int = 48) -> None:
        super().__init__()
        self.octaves = octaves
        self.frames = nn.Conv1d(octaves, channels, 12)
        self.chords = nn.Conv1d(2 * channels + 2 * octaves, channels, 12)
        self.modes = nn.Conv1d(channels, len(MODES), 1)
        self.drop = nn.Dropout(0.2)

    def forward(self, pitch: Tensor) -> Tensor:
        """Loudness of semitones [B, F, P], P = 12 O -> logits [B, 12 tonics, modes]"""
        circle = pitch.unflatten(2, (self.octaves, 12))
        heard = F.relu(self.frames(_around(circle.flatten(0, 1)))).unflatten(0, circle.shape[:2])
        held = torch.cat((heard.mean(1), heard.amax(1), circle.mean(1), circle.amax(1)), dim=1)
        return self.modes(self.drop(F.relu(self.chords(_around(held))))).transpose(1, 2)


def tonality(labels: dict[str, Any]) -> int:
    """Tonic and mode of a clip as one number below `TONALITIES`."""
    return KEYS.index(labels["key"]) * len(MODES) + MODES.index(labels["mode"])


def raised(tonalities: Tensor, semitones: int) -> Tensor:
    """Those of the same music so many semitones higher."""
    return (tonalities + semitones * len(MODES)) % TONALITIES


def qualities(scores: Tensor) -> Tensor:
    """Scores of `Harmony` [B, 12, modes] -> probabilities of QUALITIES, sums over tonics and modes [B, 2]"""
    of_mode = torch.tensor([QUALITIES.index(quality(mode)) for mode in MODES], device=scores.device)
    chances = scores.flatten(1).softmax(dim=1).unflatten(1, scores.shape[1:]).sum(dim=1)
    return chances @ F.one_hot(of_mode, len(QUALITIES)).to(chances)


def _around(circle: Tensor) -> Tensor:
    """[B, C, 12] -> [B, C, 23], so that a kernel of 12 meets every rotation once"""
    return torch.cat((circle, circle[..., :11]), dim=-1)
