"""Captions of compositions that no corpus holds: a network that reads captions should not know them by
heart, and the clips of a corpus are of a few hundred."""

from __future__ import annotations

from collections.abc import Collection
from random import Random

from ..corpus import vocabulary
from ..corpus.clips import composition, labels
from ..corpus.dataset import SAMPLE_RATE
from .requests import written

LEVEL = -23.0, 4.0
"""Loudness of clips in dB of full scale, mean and deviation: nothing is played here."""


def composed(count: int, seed: str, told: Collection[str]) -> list[tuple[str, tuple[int, ...]]]:
    """So many captions that state something of `told`, each of a composition of its own, in phrasings that
    are not held out, and what they state."""
    found: list[tuple[str, tuple[int, ...]]] = []
    number = 0
    while len(found) < count:
        name = f"{seed}/{number}"
        random, piece, number = Random(name), composition(name, 1), number + 1
        known = labels(piece.score, piece.performance, piece.starts[0] / SAMPLE_RATE)
        if known is None:
            continue
        new = written(known | {"loudness": vocabulary.loudness(random.gauss(*LEVEL))}, random, told)
        if new:
            found.append(new)
    return found
