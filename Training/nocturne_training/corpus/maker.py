"""`corpus make`: plans compositions, renders them on one or more processes, and writes the corpus."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from tqdm import tqdm

from . import clips, pool, synthesizer
from .captions.writer import captions
from .dataset import CLIP_SECONDS, CorpusError
from .soundfonts import Soundfont
from .store import Journal, finish, is_finished, record, write_flac
from .synthesizer import Synthesizer

# Raised with every change of composer, performer or captions that changes what a seed makes.
COMPOSER = 2
CLIPS_PER_COMPOSITION = (3, 4, 4, 5, 6)
# Of every twenty compositions one is for validation and one for the test.
BLOCK, VALID, TEST = 20, 1, 2


@dataclass(frozen=True, slots=True)
class Task:
    """One composition: its place in the corpus, split and number of clips."""

    index: int
    split: str
    clips: int


def plan_tasks(seed: int, hours: float) -> list[Task]:
    """The compositions of a corpus; a composition belongs to one split as a whole.

    Raises CorpusError for a corpus too small to have three splits.
    """
    left = round(hours * 3600 / CLIP_SECONDS)
    if left < 3:
        raise CorpusError(f"--hours {hours}: three splits need at least three clips: ask for 0.0084 or more")
    # Even the smallest corpus has a composition for each split.
    most = max(1, left // 3)
    tasks = []
    while left:
        index = len(tasks)
        count = min(left, most, Random(f"{seed}/plan/{index}").choice(CLIPS_PER_COMPOSITION))
        split = {VALID: "valid", TEST: "test"}.get(index % BLOCK, "train")
        tasks.append(Task(index, split, count))
        left -= count
    return tasks


def make(out: Path, hours: float, seed: int, soundfont: Soundfont, workers: int) -> dict[str, Any]:
    """Makes the corpus, or the rest of one that was begun, and returns the header of corpus.json."""
    tasks = plan_tasks(seed, hours)
    plan = {
        "kind": "made",
        "seed": seed,
        "hours": hours,
        "composer": COMPOSER,
        "soundfont": soundfont.facts(),
        "fluidsynth": synthesizer.version(),
    }
    if is_finished(out, plan):
        return {}
    journal = Journal(out, plan)
    try:
        rest = [task for task in tasks if str(task.index) not in journal.done]
        with tqdm(total=sum(task.clips for task in tasks), unit="clip", desc="corpus") as bar:
            bar.update(sum(len(records) for records in journal.done.values()))
            for task, records in pool.run(rest, _write, _start, (soundfont, out, seed), workers):
                journal.add(str(task.index), records)
                bar.update(len(records))
    finally:
        journal.close()
    return finish(out, plan, (entry for task in tasks for entry in journal.done[str(task.index)]))


@dataclass(slots=True)
class _Worker:
    synthesizer: Synthesizer
    out: Path
    seed: int


_worker: _Worker | None = None


def _start(soundfont: Soundfont, out: Path, seed: int) -> None:
    global _worker
    _worker = _Worker(Synthesizer(soundfont), out, seed)


def _write(task: Task) -> list[dict[str, Any]]:
    """Renders a composition, writes its audio, and returns its records."""
    assert _worker is not None
    seed = f"{_worker.seed}/{task.index}"
    records = []
    for number, (samples, labels) in enumerate(clips.render(seed, task.clips, _worker.synthesizer)):
        identity = f"{task.index:06d}-{number}"
        path = f"audio/{task.split}/{identity}.flac"
        sha256 = write_flac(_worker.out / path, samples)
        texts = captions(labels, Random(f"{seed}/{number}/captions"), heldout=task.split == "test")
        records.append({**record(identity, path, sha256, len(samples), texts, labels), "split": task.split})
    return records
