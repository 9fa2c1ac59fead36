"""Renders captions with Nocturne itself, once: what is there already is kept."""

from __future__ import annotations

import csv
import hashlib
import json
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from ..checkpoint import digest, fingerprint
from ..trainer.errors import TrainingError
from .sound import Sound

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


DEAD = 2
"""What Nocturne ends with where items are dead: it writes no clip that is not sound."""
DEAD_SAMPLES = 240_000
"""Of the silence in place of a clip that is not there: 10 s."""


@dataclass(frozen=True)
class Run:
    """A finished run: its clips by id, and the ids of those that Nocturne gave up."""

    clips: dict[str, Path]
    dead: frozenset[str] = frozenset()

    def audio(self, ids: Captions) -> Iterator[np.ndarray]:
        """Float samples of the clips in the order of `ids`; silence for one that Nocturne gave up."""
        for name in ids:
            if name in self.dead:
                yield np.zeros(DEAD_SAMPLES, dtype=np.float32)
            else:
                yield soundfile.read(self.clips[name], dtype="float32")[0]

    def sounds(self, ids: Captions) -> list[Sound]:
        """How the clips are; one that Nocturne gave up counts among those that are not finite."""
        sounds = zip(ids, map(Sound.of, self.audio(ids)), strict=True)
        return [replace(sound, finite=sound.finite and name not in self.dead) for name, sound in sounds]


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
        """Clips of 10 s for all captions. Raises `TrainingError` where Nocturne fails or lacks a clip
        that it did not give up, and where it gave up all."""
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
            raise TrainingError(f"{run}: clips are missing; remove it and measure again")
        if found.dead.issuperset(captions):
            raise TrainingError(f"{run}: no clip was made; see errors.jsonl there")
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
        if code not in (0, DEAD):
            raise TrainingError(f"{self.nocturne} ended with {code}; see the line above")


def _finished(run: Path, captions: Captions) -> Run | None:
    clips = {entry["id"]: run / entry["file_name"] for entry in _entries(run / "metadata.jsonl")}
    dead = {entry["id"] for entry in _entries(run / "errors.jsonl")}
    if any(name not in dead and (name not in clips or not clips[name].exists()) for name in captions):
        return None
    return Run(clips, frozenset(dead))


def _entries(lines: Path) -> list[dict[str, Any]]:
    if not lines.exists():
        return []
    return [json.loads(line) for line in lines.read_text(encoding="utf-8").splitlines()]
