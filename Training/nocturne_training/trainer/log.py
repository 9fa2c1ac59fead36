"""What a training leaves to read: a JSON line per report, a picture of the curves, a progress bar."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from tqdm import tqdm


class Log:
    """`log.jsonl`: one object a line with `step`, `split` (`train` or `valid`), `seconds` and the figures."""

    def __init__(self, path: Path, step: int) -> None:
        """Opens the log of a run that has done `step` steps; lines of steps that were lost with a kill are
        removed, as the resumed run writes them again."""
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        kept = [entry for entry in read(path) if entry["step"] <= step]
        partial = path.with_suffix(".partial")
        partial.write_text("".join(json.dumps(entry) + "\n" for entry in kept), encoding="utf-8")
        os.replace(partial, path)

    def write(self, step: int, split: str, **figures: Any) -> None:
        """Appends one line."""
        rounded = {
            key: float(f"{value:.6g}") if isinstance(value, float) else value
            for key, value in figures.items()
        }
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"step": step, "split": split, **rounded}) + "\n")


def read(path: Path) -> list[dict[str, Any]]:
    """The entries of a log; a line torn by a kill is left out."""
    entries = []
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else []:
        try:
            entries.append(json.loads(line))
        except json.JSONDecodeError:
            continue
    return entries


def progress(stage: str, step: int, steps: int, shown: bool) -> tqdm[None]:
    """A bar over the steps; silent where `shown` is false."""
    return tqdm(total=steps, initial=step, desc=stage, unit="step", disable=not shown, dynamic_ncols=True)
