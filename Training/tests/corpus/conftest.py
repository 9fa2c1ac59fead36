"""A small made corpus and the pieces of many compositions, made once."""

from __future__ import annotations

from pathlib import Path

import pytest

from nocturne_training.corpus import clips, soundfonts
from nocturne_training.corpus.maker import make

# The smaller soundfont: it is there wherever the tests run, and missing it fails them.
HOURS = 6 / 360
PIECES = 500


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six clips in three compositions, one a split, made by one process."""
    directory = tmp_path_factory.mktemp("corpus") / "small"
    make(directory, HOURS, 7, soundfonts.find("timgm6mb"), workers=1)
    return directory


@pytest.fixture(scope="session")
def pieces() -> list[clips.Composition]:
    """Compositions as a corpus of seed 7 would begin, without sound."""
    return [clips.composition(f"7/{index}/0", 3) for index in range(PIECES)]


@pytest.fixture(scope="session")
def labelled(pieces: list[clips.Composition]) -> list[dict]:
    """Labels of the first clip of every piece, with a loudness, which only a rendering can tell."""
    found = [clips.labels(piece.score, piece.performance, piece.starts[0] / 24_000) for piece in pieces]
    return [
        {**labels, "loudness": ("quiet", "loud")[index % 2]} for index, labels in enumerate(found) if labels
    ]
