"""The corpus at the head of the chain, where the user brings none."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from ..corpus.dataset import Corpus
from ..trainer.distributed import Processes
from ..trainer.errors import TrainingError
from ..trainer.settings import CorpusSettings


def made(directory: Path, settings: CorpusSettings, processes: Processes) -> Path:
    """Makes the corpus of the settings in `directory`, or goes on making it, or finds it made. Raises
    `TrainingError` with the command that failed."""
    if processes.first:
        origin = {"hours": settings.hours, "seed": settings.seed, "soundfont": settings.soundfont}
        _run("make", "--out", str(directory), *(f"--{key}={value}" for key, value in origin.items()))
        if settings.unpacked and not _is_unpacked(Corpus.open(directory)):
            _run("unpack", str(directory))
    processes.barrier()
    return directory


def _is_unpacked(corpus: Corpus) -> bool:
    return any(clip.unpacked is not None for clip in corpus.split("train"))


def _run(*words: str) -> None:
    command = [sys.executable, "-m", "nocturne_training.corpus", *words, f"--workers={os.cpu_count() or 1}"]
    if subprocess.run(command, check=False).returncode != 0:
        raise TrainingError(f"corpus {' '.join(words)}: failed; see the line above")
