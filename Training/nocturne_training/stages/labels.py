"""What a made corpus knows of its clips, told to the tokenizer while it learns. Letters: B batch, T frames, D
width, S stretches, W told features."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..corpus.dataset import Clip, Corpus
from ..corpus.music.instruments import INSTRUMENTS
from ..corpus.vocabulary import FAMILIES, QUALITIES, STYLES, TEMPOS
from ..trainer.errors import TrainingError
from ..trainer.settings import Settings
from .registry import STAGES

CHOICES = {
    "lead": tuple(INSTRUMENTS),
    "lead_family": FAMILIES,
    "style": STYLES,
    "tempo": TEMPOS,
    "quality": QUALITIES,
    "drums": (False, True),
}
"""Labels of which each clip has one, and what they may be."""
PLACES = {name: place for place, name in enumerate(CHOICES)}
"""Columns of `targets`."""
STRETCH = 25
"""Frames of a stretch, 1 s."""


def complete(clip: Clip) -> bool:
    """Whether a clip has all labels, as those of a made corpus do; an imported one may have some."""
    return clip.labels is not None and clip.labels.keys() >= {*CHOICES, "families"}


def able(settings: Settings, corpus: Corpus) -> Settings:
    """The settings, but that nothing is tuned where no training clip has all labels."""
    if any(map(complete, corpus.split("train"))):
        return settings
    names = [stage.name for stage in STAGES if stage.optional]
    return replace(settings, **{name: replace(getattr(settings, name), steps=0) for name in names})


def targets(clips: Sequence[Clip]) -> Tensor:
    """The place of each clip's label among its choices, then 1 for each family that plays, i64 [B, labels +
    families]. Raises `TrainingError` for a clip that lacks some."""
    rows = []
    for clip in clips:
        if not complete(clip):
            raise TrainingError(
                f"{clip.path}: lacks labels that other clips have; set tokenizer.labelWeight to 0"
            )
        rows.append(_row(clip.labels or {}))
    return torch.tensor(rows)


def _row(labels: dict[str, Any]) -> list[int]:
    places = [choices.index(labels[name]) for name, choices in CHOICES.items()]
    return places + [int(family in labels["families"]) for family in FAMILIES]


class LabelHead(nn.Module):
    """One linear map from the first W features of the tapped layer, as k-means sees them, to the logits of
    all labels: what it can read there, the tokens can tell. Keys: `map.*`."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.width = width
        self.sizes = [*(len(choices) for choices in CHOICES.values()), len(FAMILIES)]
        self.map = nn.Linear(width, sum(self.sizes))

    def logits(self, states: Tensor) -> list[Tensor]:
        """Tapped states [B, T, D] -> logits of each label from the mean of each stretch, [B, S, choices], the
        families' last"""
        told = F.layer_norm(states, states.shape[-1:])[..., : self.width]
        frames = told.shape[1] // STRETCH * STRETCH or told.shape[1]
        stretches = told[:, :frames].unflatten(1, (-1, min(STRETCH, frames))).mean(dim=2)
        return list(self.map(stretches).split(self.sizes, dim=-1))

    def forward(self, states: Tensor, wanted: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """Tapped states [B, T, D] and `targets` -> mean over the labels of the cross-entropy as a share of
        chance's, and how often each label is right"""
        *single, families = self.logits(states)
        losses, right = [], {}
        for name, logits, column in zip(CHOICES, single, wanted.unbind(dim=1), strict=False):
            column = column[:, None].expand(logits.shape[:2])
            loss = F.cross_entropy(logits.flatten(0, 1), column.flatten())
            losses.append(loss / math.log(logits.shape[-1]))
            right[f"right_{name}"] = (logits.argmax(dim=-1) == column).float().mean()
        playing = wanted[:, len(CHOICES) :].to(families)[:, None].expand_as(families)
        losses.append(F.binary_cross_entropy_with_logits(families, playing) / math.log(2))
        return torch.stack(losses).mean(), right
