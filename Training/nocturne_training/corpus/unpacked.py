"""All samples of a corpus in one file, where decoding would hold up a GPU: `DIR/unpacked.s16`, int16 in the
order of the records, 172 MB an hour, and `DIR/unpacked.json`, which appears last and names the corpus."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

SAMPLES, MARK = "unpacked.s16", "unpacked.json"


def read(directory: Path, digest: str, count: int) -> np.ndarray | None:
    """The samples of an unpacked corpus, memory-mapped [count]; None where there are none of this very
    corpus."""
    try:
        mark = json.loads((directory / MARK).read_text(encoding="utf-8"))
        if mark != {"corpus": digest, "samples": count} or not count:
            return None
        return np.memmap(directory / SAMPLES, np.int16, "r", shape=(count,))
    except (OSError, ValueError):
        return None
