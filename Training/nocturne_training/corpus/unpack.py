"""`corpus unpack`: writes what `unpacked.py` reads."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import soundfile

from . import pool
from .dataset import SPLITS, Corpus, CorpusError
from .store import write_lines
from .unpacked import MARK, SAMPLES

_CLIPS = 64
"""Of one task."""

_file: np.ndarray | None = None


def unpack(corpus: Corpus, workers: int) -> int:
    """Decodes every clip once -> bytes written. Raises `CorpusError` for a missing or damaged file, `OSError`
    for a full disk."""
    clips = [clip for split in SPLITS for clip in corpus.split(split)]
    path, mark = corpus.directory / SAMPLES, corpus.directory / MARK
    # A training may still read the file that is there.
    partial = path.with_suffix(".partial")
    mark.unlink(missing_ok=True)
    ends = np.cumsum([0, *(clip.samples for clip in clips)]).tolist()
    _reserve(partial, 2 * ends[-1])
    files = [(clip.path, clip.samples) for clip in clips]
    tasks = [(ends[first], files[first : first + _CLIPS]) for first in range(0, len(files), _CLIPS)]
    try:
        for _ in pool.run(tasks, _decode, _start, (partial,), workers):
            pass
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    write_lines(mark, [{"corpus": corpus.digest, "samples": ends[-1]}])
    return 2 * ends[-1]


def _reserve(path: Path, size: int) -> None:
    """A file with room for `size` bytes: writing through a map to a disk that is full would kill the
    process."""
    with path.open("wb") as file:
        try:
            os.posix_fallocate(file.fileno(), 0, size)
        except OSError as error:
            path.unlink()
            reason = f"{error.strerror}; {size / 1e6:.0f} MB are needed"
            raise OSError(error.errno, reason, str(path)) from None


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
