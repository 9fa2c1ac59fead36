"""A user's own music as files with captions: an audiocraft manifest, or a Hugging Face AudioFolder."""

from __future__ import annotations

import csv
import gzip
import hashlib
import json
import math
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from . import vocabulary
from .dataset import SPLITS, CorpusError

CAPTION_COLUMNS = ("caption", "text", "description", "prompt")
SPLIT_FOLDERS = {
    "train": "train", "valid": "valid", "validation": "valid", "val": "valid", "dev": "valid", "test": "test",
    "eval": "test", "evaluation": "test",
}  # fmt: skip
# Sidecar fields that become labels, and those that become tags.
LABELS = ("bpm", "key", "genre", "instrument", "moods", "keywords")
TAGS = ("genre", "instrument", "moods", "keywords")


@dataclass(frozen=True, slots=True)
class Source:
    """One audio file; `split` is None where the user did not say."""

    name: str
    path: Path
    captions: tuple[dict[str, Any], ...]
    labels: dict[str, Any] | None = None
    split: str | None = None


@dataclass(frozen=True, slots=True)
class Listing:
    """The files of an import in the order of their names."""

    format: str
    sources: tuple[Source, ...]
    digest: str = field(init=False)

    def __post_init__(self) -> None:
        lines = [[s.name, s.captions, s.labels, s.split] for s in self.sources]
        object.__setattr__(self, "digest", hashlib.sha256(json.dumps(lines).encode()).hexdigest())


def audiocraft(manifest: Path) -> Listing:
    """Reads a manifest (.jsonl or .jsonl.gz) with a sidecar .json beside each audio file.

    Paths are relative to the manifest or, as audiocraft writes them, to the working directory.
    """
    found = []
    for number, entry in _json_lines(manifest):
        if not isinstance(entry.get("path"), str):
            raise CorpusError(f"{manifest}: line {number}: no path")
        path = manifest.parent / entry["path"]
        path = path if path.exists() else Path(entry["path"])
        sidecar = path.with_suffix(".json")
        try:
            facts = json.loads(sidecar.read_text()) if sidecar.exists() else {}
        except (OSError, ValueError) as error:
            raise CorpusError(f"{sidecar}: not readable ({error})") from None
        if not isinstance(facts, dict):
            raise CorpusError(f"{sidecar}: not a JSON object")
        found.append(Source(entry["path"], path, _captions(facts), _labels(facts)))
    return _listing("audiocraft", found, manifest)


def audiofolder(directory: Path) -> Listing:
    """Reads metadata.csv or metadata.jsonl of the folder and of its split folders ("train", "test"...)."""
    found = []
    files = [p for name in ("metadata.csv", "metadata.jsonl") for p in sorted(directory.rglob(name))]
    if not files:
        raise CorpusError(
            f"{directory}: no metadata.csv or metadata.jsonl: write one with file_name and caption"
        )
    for metadata in files:
        for number, row in _rows(metadata):
            column = next((c for c in CAPTION_COLUMNS if row.get(c) is not None), None)
            if not isinstance(row.get("file_name"), str) or column is None:
                wanted = " or ".join(CAPTION_COLUMNS)
                raise CorpusError(
                    f"{metadata}: line {number}: a column file_name and one of {wanted} are needed"
                )
            path = metadata.parent / row["file_name"]
            if not path.is_relative_to(directory):
                raise CorpusError(f"{metadata}: line {number}: {path} is not in {directory}")
            name = path.relative_to(directory).as_posix()
            parents = [part.lower() for part in Path(name).parts[:-1]]
            folder = next((SPLIT_FOLDERS[part] for part in parents if part in SPLIT_FOLDERS), None)
            text = " ".join(str(row[column]).split())
            captions = ({"text": text, "kind": "sentences", "heldout": False},) if text else ()
            found.append(Source(name, path, captions, None, folder))
    return _listing("audiofolder", found, directory)


def assigned(sources: tuple[Source, ...], valid_share: float, test_share: float, seed: int) -> list[Source]:
    """Every file in one split: folders are kept, and a split without a folder takes its share of the others.

    Which files it takes depends on the seed and their names alone. A share above 0 takes at least one file.
    """
    given = {source.split for source in sources}
    ranked = sorted(
        (s for s in sources if s.split is None or (s.split == "train" and not given >= set(SPLITS))),
        key=lambda s: hashlib.sha256(f"{seed}/{s.name}".encode()).digest(),
    )
    shares = {"test": test_share, "valid": valid_share}
    chosen: dict[str, str] = {}
    place = 0
    for split, share in shares.items():
        if split not in given and share > 0 and len(ranked) > 2:
            count = max(1, round(share * len(ranked)))
            chosen |= {source.name: split for source in ranked[place : place + count]}
            place += count
    return [replace(s, split=chosen.get(s.name) or s.split or "train") for s in sources]


def _listing(kind: str, found: list[Source], where: Path) -> Listing:
    if not found:
        raise CorpusError(f"{where}: lists no files")
    unique: dict[str, Source] = {}
    for source in found:
        # A file of several rows has all their captions.
        earlier = unique.get(source.name, replace(source, captions=()))
        captions = earlier.captions + tuple(one for one in source.captions if one not in earlier.captions)
        unique[source.name] = replace(source, captions=captions)
    return Listing(kind, tuple(unique[name] for name in sorted(unique)))


def _json_lines(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    try:
        data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        lines = data.decode("utf-8-sig").split("\n")
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise CorpusError(f"{path}: not readable ({error})") from None
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                entry = json.loads(line)
            except ValueError:
                entry = None
            if not isinstance(entry, dict):
                raise CorpusError(f"{path}: line {number}: not a JSON object")
            yield number, entry


def _rows(metadata: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    if metadata.suffix == ".jsonl":
        yield from _json_lines(metadata)
        return
    try:
        with metadata.open(newline="", encoding="utf-8-sig") as file:
            yield from enumerate(csv.DictReader(file), start=2)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise CorpusError(f"{metadata}: not readable ({error})") from None


def _captions(facts: dict[str, Any]) -> tuple[dict[str, Any], ...]:
    """The description, and a list of tags from the other fields."""
    found = []
    if text := " ".join(str(facts.get("description") or "").split()):
        found.append({"text": text, "kind": "sentences", "heldout": False})
    tags = [tag for name in TAGS for tag in _listed(facts.get(name))]
    if bpm := _bpm(facts):
        tags.append(f"{round(bpm)} bpm")
    if tags:
        found.append({"text": ", ".join(dict.fromkeys(tags)), "kind": "tags", "heldout": False})
    return tuple(found)


def _listed(value: Any) -> list[str]:
    """A field that is a list, or words separated by commas."""
    items = value if isinstance(value, list) else str(value or "").split(",")
    return [str(item).strip() for item in items if str(item).strip()]


def _labels(facts: dict[str, Any]) -> dict[str, Any] | None:
    labels = {name: facts[name] for name in LABELS if name != "bpm" and facts.get(name)}
    if bpm := _bpm(facts):
        labels |= {"bpm": bpm, "tempo": vocabulary.tempo(bpm)}
    return labels or None


def _bpm(facts: dict[str, Any]) -> float | None:
    """Beats per minute, None where the field is no number above 0 ("120 BPM" is one)."""
    try:
        bpm = float(str(facts.get("bpm")).lower().removesuffix("bpm"))
    except ValueError:
        return None
    return bpm if math.isfinite(bpm) and bpm > 0 else None
