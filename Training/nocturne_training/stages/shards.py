"""Writes what frozen networks say of every clip, a file of consecutive clips at a time (`tensors.py`
describes them). A file is whole or absent, and one that other networks, settings or another corpus gave is
made anew."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

from safetensors import SafetensorError, safe_open
from torch import Tensor
from tqdm import tqdm

from ..checkpoint import digest as file_digest
from ..checkpoint import write_tensors
from ..corpus.dataset import SPLITS, Clip
from ..trainer.settings import ShardSettings, digest
from .context import Context
from .registry import CORPUS, stage_of
from .tensors import FORMAT, INDEX, shard_name


def write_shards(context: Context, stage: str, tensors: Callable[[Sequence[Clip]], dict[str, Tensor]]) -> int:
    """Writes to the folder of `stage` the files that are not there yet, each with the `tensors` of its
    clips, and the index last -> number of clips. Raises `CorpusError`, `TrainingError`, and what `tensors`
    does."""
    directory, settings = context.stage(stage), getattr(context.settings, stage)
    directory.mkdir(parents=True, exist_ok=True)
    fingerprint = _fingerprint(context, stage, settings)
    count = sum(len(context.corpus.split(split)) for split in SPLITS)
    names: dict[str, list[str]] = {}
    with tqdm(total=count, desc=stage, unit="clip", disable=None, dynamic_ncols=True) as bar:
        for split in SPLITS:
            clips, size = context.corpus.split(split), settings.shard_clips
            names[split] = [shard_name(split, number) for number in range(-(-len(clips) // size))]
            for number, name in enumerate(names[split]):
                part = clips[number * size : (number + 1) * size]
                if _mark(directory / name) != fingerprint:
                    write_tensors(directory / name, tensors(part), {"fingerprint": fingerprint})
                bar.update(len(part))
    used = {name for split in names.values() for name in split}
    for path in directory.glob("*.safetensors"):
        if path.name not in used:
            path.unlink()
    partial = directory / "shards.partial"
    partial.write_text(json.dumps({"format": FORMAT, "splits": names}, indent=2) + "\n", encoding="utf-8")
    partial.replace(directory / INDEX)
    return count


def _fingerprint(context: Context, stage: str, settings: ShardSettings) -> str:
    """SHA-256 over all that decides a file's content."""
    taken = stage_of(context.settings, stage)
    networks = {
        name: file_digest(context.left(source, name))
        for name, source in zip(taken.takes, taken.sources, strict=True)
        if name != CORPUS
    }
    own, corpus = settings.identity(), context.corpus.digest
    return digest({"networks": networks, "settings": own, "corpus": corpus, "format": FORMAT})


def _mark(path: Path) -> str | None:
    """The fingerprint that a file carries, or None."""
    try:
        with safe_open(path, "pt") as file:
            return (file.metadata() or {}).get("fingerprint")
    except (OSError, SafetensorError):
        return None
