"""Captions of compositions that no corpus holds: a network that reads captions should not know them by
heart, and the clips of a corpus are of a few hundred. Letters: C captions, E width of the encoder."""

from __future__ import annotations

import os
from collections.abc import Collection
from random import Random
from typing import NamedTuple

import torch
from torch import Tensor

from ..corpus import pool, vocabulary
from ..corpus.clips import composition, labels
from ..corpus.dataset import SAMPLE_RATE
from ..models.mulan_text import MulanText
from .reading import Reader
from .requests import LEFT_OPEN, STATED, written

LEVEL = -23.0, 4.0
"""Loudness of clips in dB of full scale, mean and deviation: nothing is played here."""
PART = 5000
"""Captions that are read and kept together."""


class Read(NamedTuple):
    """What the encoder of a text tower makes of captions [C, E], and what these state [C, STATED]"""

    states: Tensor
    stated: Tensor


class Part(NamedTuple):
    """So many captions, of the compositions of a seed"""

    count: int
    seed: str


def composed(part: Part) -> list[tuple[str, tuple[int, ...]]]:
    """Captions that state something, each of a composition of its own, in phrasings that are not held out,
    and what they state."""
    found: list[tuple[str, tuple[int, ...]]] = []
    number = 0
    while len(found) < part.count:
        name = f"{part.seed}/{number}"
        random, piece, number = Random(name), composition(name, 1), number + 1
        known = labels(piece.score, piece.performance, piece.starts[0] / SAMPLE_RATE)
        if known is None:
            continue
        new = written(known | {"loudness": vocabulary.loudness(random.gauss(*LEVEL))}, random, STATED)
        if new:
            found.append(new)
    return found


def read(count: int, reader: Reader, tower: MulanText, told: Collection[str]) -> Read:
    """The same captions for every stage that asks, less those that state nothing of `told`. Raises
    CorpusError where a process that writes some dies."""
    firsts = range(0, count, PART)
    parts = [Part(min(PART, count - first), f"reading/{first // PART}") for first in firsts]
    # Writing all of them anew takes a third as long as reading them; whoever writes otherwise now than then
    # shows it in the first few.
    known = {part: [*part, composed(part._replace(count=min(part.count, 20)))] for part in parts}
    missing = [part for part in parts if not reader.keeps(known[part])]
    new = dict(pool.run(missing, composed, _begin, (), os.cpu_count() or 1))

    def written(part: Part) -> tuple[list[str], Tensor]:
        found = new[part] if part in new else composed(part)
        return [text for text, _ in found], torch.tensor([stated for _, stated in found])

    found = [reader.kept(known[part], lambda part=part: written(part), tower) for part in parts]
    states, stated = (torch.cat(column) for column in zip(*found, strict=True))
    untold = torch.tensor([name not in told for name in STATED])
    stated = stated.masked_fill(untold, LEFT_OPEN)
    kept = stated.amax(dim=1) > LEFT_OPEN
    return Read(states[kept.to(states.device)], stated[kept])


def _begin() -> None:
    """A process that writes captions needs nothing."""
