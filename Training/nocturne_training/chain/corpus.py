"""The corpus at the head of the chain, where the user brings none."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from ..trainer.distributed import Processes
from ..trainer.errors import TrainingError
from ..trainer.settings import CorpusSettings


def made(directory: Path, settings: CorpusSettings, processes: Processes) -> Path:
    """Makes the corpus of the settings in `directory`, or goes on making it, or finds it made. Raises
    `TrainingError` with the command that failed."""
    if processes.first:
        command = [sys.executable, "-m", "nocturne_training.corpus", "make", "--out", str(directory)]
        command += ["--hours", str(settings.hours), "--seed", str(settings.seed)]
        command += ["--soundfont", settings.soundfont, "--workers", str(os.cpu_count() or 1)]
        if subprocess.run(command, check=False).returncode != 0:
            raise TrainingError(f"{directory}: the corpus was not made; see the line above")
    processes.barrier()
    return directory
