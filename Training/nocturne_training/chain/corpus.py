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
        workers = ["--workers", str(os.cpu_count() or 1)]
        origin = [
            "--hours",
            str(settings.hours),
            "--seed",
            str(settings.seed),
            "--soundfont",
            settings.soundfont,
        ]
        _run("make", "--out", str(directory), *origin, *workers)
        if settings.unpacked and not any(
            clip.unpacked is not None for clip in Corpus.open(directory).split("train")
        ):
            _run("unpack", str(directory), *workers)
    processes.barrier()
    return directory


def _run(*words: str) -> None:
    command = [sys.executable, "-m", "nocturne_training.corpus", *words]
    if subprocess.run(command, check=False).returncode != 0:
        raise TrainingError(f"corpus {words[0]}: failed; see the line above")
