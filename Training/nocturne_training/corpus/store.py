"""Writing a corpus so that a kill loses nothing: audio by atomic rename, a journal of finished records, and
corpus.json last."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from .dataset import CLIP_SECONDS, FORMAT, SAMPLE_RATE, SPLITS, CorpusError, digest, read_header

JOURNAL = "unfinished.jsonl"


def write_atomically(path: Path, data: bytes) -> None:
    """Writes a file that is there whole or not at all."""
    temporary = _unfinished(path)
    temporary.write_bytes(data)
    temporary.replace(path)


def write_lines(path: Path, entries: Iterable[dict[str, Any]]) -> None:
    """Writes JSON lines, atomically."""
    write_atomically(path, "".join(_line(entry) for entry in entries).encode())


def write_flac(path: Path, samples: np.ndarray) -> str:
    """Writes int16 [count] as 24 kHz mono FLAC, atomically, and returns the file's SHA-256."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = _unfinished(path)
    try:
        soundfile.write(temporary, samples, SAMPLE_RATE, format="FLAC", subtype="PCM_16")
    except soundfile.SoundFileError as error:
        temporary.unlink(missing_ok=True)
        free = shutil.disk_usage(path.parent).free
        raise CorpusError(
            f"{path}: not written, {free >> 20} MiB free ({error}): run the command again to go on"
        ) from None
    sha256 = file_sha256(temporary)
    temporary.replace(path)
    return sha256


def _unfinished(path: Path) -> Path:
    # The same name in every run, so that the next run replaces what a killed one left.
    return path.with_name(f".{path.name}.part")


def file_sha256(path: Path) -> str:
    """SHA-256 of a file in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def record(
    identity: str, path: str, sha256: str, samples: int, captions: list[dict], labels: dict | None
) -> dict:
    """One line of a split's jsonl."""
    return {
        "id": identity,
        "path": path,
        "sha256": sha256,
        "duration": samples / SAMPLE_RATE,
        "sample_rate": SAMPLE_RATE,
        "captions": captions,
        "labels": labels,
    }


def is_finished(directory: Path, plan: dict[str, Any]) -> bool:
    """Whether the directory holds the whole corpus of this plan; raises CorpusError for another."""
    if not (directory / "corpus.json").exists():
        return False
    found = read_header(directory)
    if any(found.get(key) != value for key, value in plan.items()):
        raise CorpusError(f"{directory}: holds {_difference(found, plan)}: choose another --out")
    return True


class Journal:
    """Finished records of an unfinished corpus; the first line is the plan, and each further line is flushed.

    A `key` groups the records that were finished together (a composition, a source file).
    """

    def __init__(self, directory: Path, plan: dict[str, Any]) -> None:
        self.path = directory / JOURNAL
        self.done: dict[str, list[dict[str, Any]]] = {}
        self.skipped: dict[str, list[dict[str, str]]] = {}
        directory.mkdir(parents=True, exist_ok=True)
        self._lock = os.open(directory, os.O_RDONLY)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CorpusError(f"{directory}: another run is writing there: wait for it") from None
        if self.path.exists() and (lines := self._lines()):
            if lines[0] != plan:
                raise CorpusError(
                    f"{directory}: began as {_difference(lines[0], plan)}: choose another --out"
                )
            for line in lines[1:]:
                # A file that was skipped may have been mended since.
                if line["records"] and all(_intact(directory, entry) for entry in line["records"]):
                    self.done[line["key"]] = line["records"]
                    self.skipped[line["key"]] = line["skipped"]
        elif any(path != self.path for path in directory.iterdir()):
            raise CorpusError(f"{directory}: not empty and no corpus: choose another --out")
        self._rewrite(plan)
        self._file = self.path.open("a")

    def _lines(self) -> list[dict[str, Any]]:
        found = []
        for text in self.path.read_bytes().split(b"\n"):
            try:
                found.append(json.loads(text))
            except ValueError:
                # The last line of a killed run may be torn, even within a character; it is made again.
                break
        return found

    def _rewrite(self, plan: dict[str, Any]) -> None:
        lines = [plan] + [self._entry(key) for key in self.done]
        write_lines(self.path, lines)

    def _entry(self, key: str) -> dict[str, Any]:
        return {"key": key, "records": self.done[key], "skipped": self.skipped[key]}

    def add(self, key: str, records: list[dict[str, Any]], skipped: Sequence[dict[str, str]] = ()) -> None:
        """Notes that the records of `key` are written, each with its "split", and what was left out of it."""
        self.done[key], self.skipped[key] = records, list(skipped)
        self._file.write(_line(self._entry(key)))
        self._file.flush()

    def close(self) -> None:
        """Closes the file and lets other runs in; the records stay."""
        self._file.close()
        os.close(self._lock)


def finish(directory: Path, plan: dict[str, Any], records: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Writes the records in the order given, then corpus.json, drops the journal, and returns the header."""
    lines: dict[str, list[str]] = {name: [] for name in SPLITS}
    for entry in records:
        lines[entry["split"]].append(_line({key: value for key, value in entry.items() if key != "split"}))
    splits = {}
    for name in SPLITS:
        data = "".join(lines[name]).encode()
        write_atomically(directory / f"{name}.jsonl", data)
        splits[name] = {"clips": len(lines[name]), "sha256": hashlib.sha256(data).hexdigest()}
    hours = round(sum(split["clips"] for split in splits.values()) * CLIP_SECONDS / 3600, 4)
    header = {
        "format": FORMAT,
        "sample_rate": SAMPLE_RATE,
        "clip_seconds": CLIP_SECONDS,
        "hours": hours,
        **plan,
    }
    header |= {"splits": splits, "digest": digest(splits)}
    write_atomically(directory / "corpus.json", (json.dumps(header, indent=1) + "\n").encode())
    (directory / JOURNAL).unlink(missing_ok=True)
    return header


def _line(value: dict[str, Any]) -> str:
    # Half a surrogate pair, as scraped captions have where an emoji was cut, is no character.
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "replace").decode() + "\n"


def _intact(directory: Path, entry: dict[str, Any]) -> bool:
    path = directory / entry["path"]
    return path.is_file() and file_sha256(path) == entry["sha256"]


def _difference(found: dict[str, Any], plan: dict[str, Any]) -> str:
    key = next(key for key, value in plan.items() if found.get(key) != value)
    return f"another corpus ({key} {found.get(key)} there, {plan[key]} asked for)"
