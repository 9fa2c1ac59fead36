"""Renders captions with Nocturne itself, once: what is there already is kept."""

from __future__ import annotations

import csv
import hashlib
import json
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from ..checkpoint import digest, fingerprint
from ..trainer.errors import TrainingError

Captions = dict[str, str]
"""Captions by the id that their clip has."""


@dataclass(frozen=True, slots=True)
class Setting:
    """How a set is rendered."""

    steps: int
    schedule: str = "linear"
    seed: int = 0
    precision: str = "auto"

    def __str__(self) -> str:
        return f"{self.schedule} {self.steps}"


@dataclass(frozen=True)
class Run:
    """A finished run: its clips by id."""

    clips: dict[str, Path]

    def audio(self, ids: Captions) -> Iterator[np.ndarray]:
        """Float samples of the clips in the order of `ids`."""
        for name in ids:
            yield soundfile.read(self.clips[name], dtype="float32")[0]


class Renderer:
    """Runs `nocturne render` with one checkpoint. A run directory is named by everything that its clips
    depend on, so a run of another model, other captions or another build of Nocturne is never taken for this
    one; Nocturne resumes what was begun."""

    def __init__(self, nocturne: Path, model: Path, out: Path, say: Callable[[str], None]) -> None:
        self.nocturne, self.model, self.out, self.say = nocturne, model, out, say
        self.fingerprint = fingerprint(model)
        try:
            self.build = digest(nocturne)
        except OSError as error:
            raise TrainingError(f"{nocturne}: not run ({error.strerror}); build it first") from None

    def render(self, name: str, captions: Captions, setting: Setting) -> Run:
        """Clips of 10 s for all captions. Raises `TrainingError` where Nocturne fails or lacks a clip."""
        causes = json.dumps([self.build, self.fingerprint, captions, setting.seed, setting.precision])
        key = hashlib.sha256(causes.encode()).hexdigest()[:12]
        run = self.out / f"{name}-{setting.schedule}-{setting.steps}-{key}"
        run.parent.mkdir(parents=True, exist_ok=True)
        found = _finished(run, captions)
        if found is None:
            self.say(f"rendering {len(captions)} captions of {name}, {setting} steps")
            self._run(run, captions, setting)
            found = _finished(run, captions)
        if found is None:
            raise TrainingError(f"{run}: clips are missing; see errors.jsonl there")
        return found

    def _run(self, run: Path, captions: Captions, setting: Setting) -> None:
        manifest = run.with_suffix(".csv")
        with manifest.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([("id", "caption"), *captions.items()])
        command = [self.nocturne, "render", manifest, "--out", run, "--model", self.model, "--quiet"]
        command += ["--steps", str(setting.steps), "--schedule", setting.schedule]
        command += ["--seed", str(setting.seed), "--precision", setting.precision]
        try:
            code = subprocess.run([str(word) for word in command], check=False).returncode
        except OSError as error:
            raise TrainingError(f"{self.nocturne}: not run ({error.strerror}); build it first") from None
        if code != 0:
            raise TrainingError(f"{self.nocturne} ended with {code}; see the line above")


def _finished(run: Path, captions: Captions) -> Run | None:
    metadata = run / "metadata.jsonl"
    if not metadata.exists():
        return None
    entries = [json.loads(line) for line in metadata.read_text(encoding="utf-8").splitlines()]
    clips = {entry["id"]: run / entry["file_name"] for entry in entries}
    if any(name not in clips or not clips[name].exists() for name in captions):
        return None
    return Run(clips)
