"""What captions ask for, of what tokens can tell: the captions that clips have, and new ones written for
them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

import torch.nn.functional as F
from torch import Tensor

from ..corpus.captions.writer import captions
from ..corpus.dataset import Clip
from ..measure.captions import Traits, asked
from .context import Context
from .labels import CHOICES, complete

STATED = {"family": "lead_family", "drums": "drums", "tempo": "tempo", "quality": "quality"}
"""What captions state and tokens tell, and the label of which it is a choice."""
MODE = "quality"
"""Of `STATED`, what not all tokens tell."""
WRITERS = {"roles", "instruments", "bpm", "key", "mode", "metre", "space", "register", "density", "loudness"}
"""Labels that captions are written from, beside those that every labelled clip has."""
TRIES = 4
SIZES = [len(CHOICES[label]) for label in STATED.values()]
"""Choices of each of `STATED`."""
LEFT_OPEN = -1
"""The choice where a caption states none."""


@dataclass(frozen=True)
class Request:
    """Which of a clip's captions it is, and the choice of each of `STATED`."""

    caption: int
    wanted: tuple[int, ...]


def tellable(context: Context) -> Collection[str]:
    """What of `STATED` the tokens of a training tell."""
    return [name for name in STATED if name != MODE or context.tells_mode]


def requests(clips: Sequence[Clip], *, heldout: bool, told: Collection[str]) -> dict[int, list[Request]]:
    """The captions of each clip that state something of `told`, by the clip's place; of held-out phrasing too
    where asked."""
    found: dict[int, list[Request]] = {}
    for place, clip in enumerate(clips):
        if not complete(clip):
            continue
        rows = [wanted(asked(caption.text, clip.labels or {}), told) for caption in clip.captions]
        kept = [
            Request(number, row)
            for number, (caption, row) in enumerate(zip(clip.captions, rows, strict=True))
            if max(row) >= 0 and (heldout or not caption.heldout)
        ]
        if kept:
            found[place] = kept
    return found


def wanted(traits: Traits, told: Collection[str]) -> tuple[int, ...]:
    """The choice of each of `STATED`; what is not `told` is left open."""
    found = []
    for name, label in STATED.items():
        value = getattr(traits, name) if name in told else None
        found.append(LEFT_OPEN if value is None else CHOICES[label].index(value))
    return tuple(found)


def untold(told: Sequence[Tensor], stated: Tensor) -> Tensor:
    """Logits of each of `STATED` [B, choices] and what is stated [B, STATED] -> sum over these of the mean
    cross-entropy where it is stated, 0 where no caption does -> scalar"""
    total = told[0].new_zeros(())
    for logits, wanted in zip(told, stated.T, strict=True):
        errors = F.cross_entropy(logits, wanted, ignore_index=LEFT_OPEN, reduction="sum")
        total = total + errors / (wanted != LEFT_OPEN).sum().clamp(min=1)
    return total


def right(told: Sequence[Tensor], stated: Tensor) -> dict[str, Tensor]:
    """By label, whether the likeliest choice is the one that is stated, of the captions that state one."""
    found = {}
    for label, logits, wanted in zip(STATED.values(), told, stated.T, strict=True):
        found[label] = (logits.argmax(dim=1) == wanted)[wanted != LEFT_OPEN]
    return found


def describable(clip: Clip) -> bool:
    """Whether new captions can be written for a clip, as for those of a made corpus."""
    return complete(clip) and (clip.labels or {}).keys() >= WRITERS


def written(
    labels: dict[str, Any], random: Random, told: Collection[str]
) -> tuple[str, tuple[int, ...]] | None:
    """A new caption in a phrasing that is not held out, and what it states: of those that state something
    any, or every other time the one that states most, as people who know what they want do. None where not
    one of many does."""
    for _ in range(TRIES):
        texts = [caption["text"] for caption in captions(labels, random, heldout=False)]
        rows = [(text, wanted(asked(text, labels), told)) for text in texts]
        stating = [(text, row) for text, row in rows if max(row) >= 0]
        if stating and random.random() < 0.5:
            return max(stating, key=lambda one: sum(value >= 0 for value in one[1]))
        if stating:
            return random.choice(stating)
    return None
