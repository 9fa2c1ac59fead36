"""`corpus import`: a user's own files, decoded, resampled to 24 kHz mono and cut into clips of 10 s."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import soxr
from tqdm import tqdm

from . import pool
from .clips import SILENT_DB, decibels
from .dataset import CLIP_SAMPLES, CLIP_SECONDS, SAMPLE_RATE, SPLITS, CorpusError
from .sources import Listing, Source, assigned
from .store import Journal, finish, is_finished, record, write_flac, write_lines

BLOCK_SECONDS = 10
SKIPPED = "skipped.jsonl"


@dataclass(frozen=True, slots=True)
class Task:
    """One file and its place among the others."""

    index: int
    source: Source


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a file: its records, and what was left out of it and why."""

    records: list[dict[str, Any]]
    skipped: list[dict[str, str]]


def import_(
    listing: Listing, out: Path, valid_share: float, test_share: float, seed: int, workers: int
) -> list[dict[str, str]]:
    """Imports the files, or the rest of them, and returns what was skipped (also in skipped.jsonl). What is
    mended after the import has finished does not come in: it would be another corpus."""
    plan = {
        "kind": "imported",
        "seed": seed,
        "source": {"format": listing.format, "files": len(listing.sources), "sha256": listing.digest},
        "shares": {"valid": valid_share, "test": test_share},
    }
    if is_finished(out, plan):
        return [json.loads(line) for line in (out / SKIPPED).read_text(encoding="utf-8").split("\n") if line]
    tasks = [Task(i, s) for i, s in enumerate(assigned(listing.sources, valid_share, test_share, seed))]
    journal = Journal(out, plan)
    try:
        rest = [task for task in tasks if task.source.name not in journal.done]
        with tqdm(total=len(tasks), initial=len(tasks) - len(rest), unit="file", desc="import") as bar:
            for task, outcome in pool.run(rest, import_file, _start, (out,), workers):
                journal.add(task.source.name, outcome.records, outcome.skipped)
                bar.update()
    finally:
        journal.close()
    skipped = [entry for task in tasks for entry in journal.skipped.get(task.source.name, [])]
    records = [entry for task in tasks for entry in journal.done[task.source.name]]
    if not any(entry["split"] == "train" for entry in records):
        first = f" ({skipped[0]['path']}: {skipped[0]['reason']})" if skipped else ""
        raise CorpusError(f"{out}: no clip for training in {len(tasks)} files{first}")
    write_lines(out / SKIPPED, skipped)
    finish(out, plan, records)
    return skipped


_out: Path


def _start(out: Path) -> None:
    global _out
    _out = out


def import_file(task: Task) -> Outcome:
    """Writes the clips of a file; whatever is wrong with it becomes a line of skipped.jsonl."""
    source, records, skipped = task.source, [], []
    assert source.split in SPLITS

    def skip(reason: str) -> None:
        skipped.append({"path": source.name, "reason": reason})

    if not source.captions:
        skip("no caption")
        return Outcome(records, skipped)
    seconds = 0.0
    try:
        for number, samples in enumerate(windows(source.path)):
            seconds += len(samples) / SAMPLE_RATE
            if len(samples) < CLIP_SAMPLES:
                break
            if fault := _fault(samples):
                skip(f"{number * CLIP_SECONDS} s to {(number + 1) * CLIP_SECONDS} s: {fault}")
                continue
            identity = f"{task.index:06d}-{number:03d}"
            path = f"audio/{source.split}/{identity}.flac"
            sha256 = write_flac(_out / path, np.round(np.clip(samples, -1, 1) * 32767).astype(np.int16))
            entry = record(identity, path, sha256, CLIP_SAMPLES, list(source.captions), source.labels)
            records.append({**entry, "source": source.name, "split": source.split})
    except (soundfile.SoundFileError, ValueError, TypeError, RuntimeError) as error:
        skip("missing" if not source.path.exists() else f"not readable after {seconds:.0f} s ({error})")
        return Outcome(records, skipped)
    if seconds < CLIP_SECONDS:
        skip(f"{seconds:.1f} s, shorter than {CLIP_SECONDS} s" if seconds else "empty")
    return Outcome(records, skipped)


def windows(path: Path) -> Iterator[np.ndarray]:
    """Consecutive float32 [240000] of the file at 24 kHz, mean of its channels, then the rest, shorter."""
    with soundfile.SoundFile(path) as file:
        stream = soxr.ResampleStream(file.samplerate, SAMPLE_RATE, 1, dtype="float32", quality="HQ")
        kept = np.zeros(0, np.float32)
        ended = False
        while not ended:
            block = file.read(BLOCK_SECONDS * file.samplerate, dtype="float32", always_2d=True)
            ended = len(block) < BLOCK_SECONDS * file.samplerate
            kept = np.concatenate([kept, stream.resample_chunk(block.mean(axis=1), last=ended)])
            while len(kept) >= CLIP_SAMPLES:
                yield kept[:CLIP_SAMPLES]
                kept = kept[CLIP_SAMPLES:]
        yield kept


def _fault(samples: np.ndarray) -> str | None:
    if not np.isfinite(samples).all():
        return "not finite"
    return "silent" if decibels(samples) < SILENT_DB else None
