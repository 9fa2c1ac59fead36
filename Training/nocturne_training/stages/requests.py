"""What captions ask for, of what tokens can tell: the captions that clips have, and new ones written for
them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from random import Random
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from ..corpus.captions.writer import captions
from ..corpus.dataset import Clip
from ..measure.captions import Traits, asked
from ..trainer.errors import TrainingError
from .context import Context
from .labels import CHOICES, complete
from .tensors import Extracted

STATED = {
    "family": "lead_family",
    "drums": "drums",
    "tempo": "tempo",
    "style": "style",
    "quality": "quality",
}
"""What captions state and tokens tell, and the label of which it is a choice."""
STYLE = "style"
"""Of `STATED`, what only `lmguided` asks for, and where its settings say so alone."""
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


def tellable(context: Context, *, style: bool = False) -> Collection[str]:
    """What of `STATED` the tokens of a training tell, the style where it is asked for."""
    asked_for = {MODE: context.tells_mode, STYLE: style}
    return [name for name in STATED if asked_for.get(name, True)]


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


def unstated(context: Context, stage: str) -> TrainingError:
    """Why a stage that tunes for what captions state cannot be run on this corpus."""
    return TrainingError(
        f"{context.corpus_directory}: no training caption states what labels tell; set {stage}.steps to 0"
    )


def asking(
    clips: Extracted, known: Mapping[int, list[Request]], count: int, size: int
) -> Iterator[tuple[Tensor, Tensor]]:
    """Codes [B, Q] of the captions of the first `count` clips of `known` that state something, and what they
    state [B, STATED], `size` captions at a time"""
    some = [(place, one) for place, found in islice(known.items(), count) for one in found]
    for first in range(0, len(some), size):
        part = some[first : first + size]
        codes = [clips.text_codes(place)[one.caption] for place, one in part]
        yield torch.stack(codes), torch.tensor([one.wanted for _, one in part])


class Hits:
    """How often what is told is what is stated, for each of `STATED` that some caption states."""

    def __init__(self) -> None:
        self._found: dict[str, list[Tensor]] = {}

    def take(self, kind: str, told: Sequence[Tensor], stated: Tensor) -> None:
        """Counts logits of each of `STATED` [B, choices] and what is stated [B, STATED]."""
        for label, hits in right(told, stated).items():
            self._found.setdefault(f"{kind}_{label}", []).append(hits)

    def shares(self) -> dict[str, float]:
        """By kind and label."""
        found = {name: torch.cat(parts).float() for name, parts in self._found.items()}
        return {name: float(hits.mean()) for name, hits in found.items() if len(hits)}


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
