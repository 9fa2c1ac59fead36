"""Reading a corpus: `Corpus.open(directory).split("train")[0].audio()`.

On disk: `corpus.json` (what the corpus is, and the SHA-256 of each record file), one record a line in
`{train,valid,test}.jsonl`, and 24 kHz mono FLAC files. A record carries the SHA-256 of its audio file, so
`Corpus.digest` names the whole corpus. `corpus unpack` puts the samples of all files into one beside them
(`unpacked.py`), from which clips are then read.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from . import unpacked

FORMAT = 1
SAMPLE_RATE = 24_000
CLIP_SECONDS = 10
CLIP_SAMPLES = SAMPLE_RATE * CLIP_SECONDS
SPLITS = ("train", "valid", "test")


class CorpusError(Exception):
    """A corpus that cannot be made, read or trusted; the message is one line."""


@dataclass(frozen=True, slots=True)
class Caption:
    """One description of a clip; `heldout` marks phrasing that no training caption uses."""

    text: str
    kind: str
    heldout: bool


@dataclass(frozen=True, slots=True)
class Clip:
    """One clip: an absolute path, its captions, its labels (`vocabulary.py`) or None, its length in seconds,
    the SHA-256 of its file, and its int16 samples where the corpus is unpacked."""

    id: str
    path: Path
    captions: tuple[Caption, ...]
    labels: dict[str, Any] | None
    duration: float
    sha256: str = ""
    unpacked: np.ndarray | None = field(default=None, compare=False, repr=False)

    @property
    def samples(self) -> int:
        """Length in samples at 24 kHz."""
        return round(self.duration * SAMPLE_RATE)

    def audio(self, start: int = 0, count: int | None = None) -> np.ndarray:
        """Samples [start, start + count) as float32 [count] in -1...1; only these are decoded.

        Raises CorpusError for a missing or damaged file and for a crop beyond its end.
        """
        count = self.samples - start if count is None else count
        if self.unpacked is not None and 0 <= start <= start + count <= len(self.unpacked):
            return self.unpacked[start : start + count] / np.float32(32768)
        return self.decoded(start, count)

    def decoded(self, start: int = 0, count: int | None = None) -> np.ndarray:
        """See `audio`; of the file, whether the corpus is unpacked or not."""
        count = self.samples - start if count is None else count
        try:
            with soundfile.SoundFile(self.path) as file:
                if start < 0 or count < 0 or start + count > file.frames:
                    raise CorpusError(
                        f"{self.path}: samples {start} to {start + count} of {file.frames} asked for"
                    )
                file.seek(start)
                samples = file.read(count, dtype="float32")
        except soundfile.SoundFileError as error:
            raise CorpusError(
                f"{self.path}: not readable ({error}): make or import the corpus again"
            ) from None
        if samples.shape != (count,):
            raise CorpusError(
                f"{self.path}: {samples.shape} samples where {count} of one channel were expected"
            )
        return samples


@dataclass(frozen=True)
class Corpus:
    """A directory made by `corpus make` or `corpus import`, read-only."""

    directory: Path
    header: dict[str, Any]
    clips: dict[str, tuple[Clip, ...]]

    @classmethod
    def open(cls, directory: str | Path) -> Corpus:
        """Reads the records and checks them against corpus.json; audio files are not opened.

        Raises CorpusError where corpus.json is missing, of another format, or does not match the records.
        """
        directory = Path(directory).absolute()
        header = read_header(directory)
        clips = {name: _read_split(directory, name, header["splits"][name]) for name in SPLITS}
        if digest(header["splits"]) != header["digest"]:
            raise CorpusError(
                f"{directory}/corpus.json: its digest does not match its splits: make the corpus again"
            )
        samples = unpacked.read(
            directory, header["digest"], sum(c.samples for s in clips.values() for c in s)
        )
        return cls(directory, header, clips if samples is None else _shared(clips, samples))

    @property
    def digest(self) -> str:
        """SHA-256 in hex that changes with any record or audio file."""
        return self.header["digest"]

    def split(self, name: str) -> Sequence[Clip]:
        """The clips of `train`, `valid` or `test` in the order of their records."""
        if name not in self.clips:
            raise CorpusError(f"{self.directory}: no split named {name!r}: use one of {', '.join(SPLITS)}")
        return self.clips[name]


def digest(splits: dict[str, dict[str, Any]]) -> str:
    """The corpus digest: SHA-256 over the digests of the record files, in the order of SPLITS."""
    return hashlib.sha256(
        "".join(f"{name} {splits[name]['sha256']}\n" for name in SPLITS).encode()
    ).hexdigest()


def read_header(directory: Path) -> dict[str, Any]:
    """corpus.json of a finished corpus; raises CorpusError where it is missing, damaged or foreign."""
    path = directory / "corpus.json"
    try:
        header = json.loads(path.read_text())
    except FileNotFoundError:
        raise CorpusError(f"{path}: missing: finish the corpus with the command that began it") from None
    except (OSError, ValueError) as error:
        raise CorpusError(f"{path}: not readable ({error})") from None
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        found = header.get("format") if isinstance(header, dict) else None
        raise CorpusError(f"{path}: format {found}, but this program reads format {FORMAT}")
    if header.get("sample_rate") != SAMPLE_RATE or header.get("clip_seconds") != CLIP_SECONDS:
        raise CorpusError(f"{path}: not a corpus of {CLIP_SECONDS} s clips at {SAMPLE_RATE} Hz")
    if "digest" not in header or any(name not in header.get("splits", {}) for name in SPLITS):
        raise CorpusError(f"{path}: digest or splits are missing: make the corpus again")
    return header


def _shared(clips: dict[str, tuple[Clip, ...]], samples: np.ndarray) -> dict[str, tuple[Clip, ...]]:
    """The same clips, each with its part of the samples of all, which stand in the order of the records."""
    parts = iter(np.split(samples, np.cumsum([clip.samples for split in clips.values() for clip in split])))
    return {
        name: tuple(replace(clip, unpacked=next(parts)) for clip in split) for name, split in clips.items()
    }


def _read_split(directory: Path, name: str, listed: dict[str, Any]) -> tuple[Clip, ...]:
    path = directory / f"{name}.jsonl"
    try:
        data = path.read_bytes()
    except OSError as error:
        raise CorpusError(f"{path}: not readable ({error.strerror})") from None
    if hashlib.sha256(data).hexdigest() != listed["sha256"]:
        raise CorpusError(f"{path}: changed since the corpus was made: make or import it again")
    return tuple(_clip(directory, json.loads(line)) for line in data.splitlines())


def _clip(directory: Path, record: dict[str, Any]) -> Clip:
    return Clip(
        id=record["id"],
        path=directory / record["path"],
        captions=tuple(Caption(**caption) for caption in record["captions"]),
        labels=record["labels"],
        duration=record["duration"],
        sha256=record["sha256"],
    )
