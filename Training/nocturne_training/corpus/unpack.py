"""`corpus unpack`: writes what `unpacked.py` reads."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import soundfile

from . import pool
from .dataset import SPLITS, Corpus, CorpusError
from .unpacked import MARK, SAMPLES

_CLIPS = 64
"""Of one task."""

_file: np.ndarray | None = None


def unpack(corpus: Corpus, workers: int) -> int:
    """Decodes every clip once -> bytes written. Raises `CorpusError` for a missing or damaged file, `OSError`
    for a full disk."""
    clips = [clip for split in SPLITS for clip in corpus.split(split)]
    path, mark = corpus.directory / SAMPLES, corpus.directory / MARK
    mark.unlink(missing_ok=True)
    ends = np.cumsum([0, *(clip.samples for clip in clips)]).tolist()
    with path.open("wb") as file:
        file.truncate(2 * ends[-1])
    files = [(clip.path, clip.samples) for clip in clips]
    tasks = [(ends[first], files[first : first + _CLIPS]) for first in range(0, len(files), _CLIPS)]
    for _ in pool.run(tasks, _decode, _start, (path,), workers):
        pass
    mark.write_text(json.dumps({"corpus": corpus.digest, "samples": ends[-1]}) + "\n", encoding="utf-8")
    return 2 * ends[-1]


def _start(path: Path) -> None:
    global _file
    _file = np.memmap(path, np.int16, "r+")


def _decode(task: tuple[int, Sequence[tuple[Path, int]]]) -> None:
    place, files = task
    assert _file is not None
    for path, count in files:
        try:
            samples, _ = soundfile.read(path, dtype="int16")
        except soundfile.SoundFileError as error:
            raise CorpusError(f"{path}: not readable ({error}): make the corpus again") from None
        if samples.shape != (count,):
            raise CorpusError(f"{path}: {samples.shape} samples where {count} were expected")
        _file[place : place + len(samples)] = samples
        place += len(samples)
    _file.flush()
