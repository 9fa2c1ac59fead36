"""The extraction on disk: what the frozen networks say of every clip, read without loading it whole.

`DIR/extract/<split>-<number>.safetensors` and those of `DIR/latents` hold consecutive clips, `shards.json`
beside them lists them. Letters: n clips of a file, L latent frames, Z latent channels, T semantic tokens, Q
quantisers, c captions of a file.

| stage | tensor | shape | |
|---|---|---|---|
| `latents` | `latents` | f16 [n, L, Z] | clip(mean / latentScale, -1, 1) of the VAE's encoder |
| `extract` | `tokens` | i16 [n, T] | semantic tokens |
| | `codes` | i16 [n, Q] | RVQ codes of the audio's embedding |
| | `text_codes` | i16 [c, Q] | RVQ codes of the captions' embeddings |
| | `text_heldout` | bool [c] | phrasing that training must not see |
| | `text_offsets` | i64 [n + 1] | the captions of clip i are rows offsets[i] to offsets[i + 1] |
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path
from typing import Any, ClassVar

import torch
from safetensors.torch import load_file
from torch import Tensor

from ..trainer.errors import TrainingError

INDEX = "shards.json"
FORMAT = 2


def shard_name(split: str, number: int) -> str:
    """File name of one shard."""
    return f"{split}-{number:05d}.safetensors"


def read_index(directory: Path) -> dict[str, Any]:
    """`shards.json` of a finished stage. Raises `TrainingError` where there is none."""
    path, stage = directory / INDEX, directory.name
    try:
        index = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise TrainingError(f"{path}: missing; run the stage {stage} first") from None
    except (OSError, ValueError) as error:
        raise TrainingError(f"{path}: not readable ({error}); redo the stage {stage}") from None
    if index.get("format") != FORMAT:
        raise TrainingError(f"{path}: not of format {FORMAT}; redo the stage {stage}")
    return index


class Shards:
    """The clips of one split in the order of the corpus. The files are memory-mapped: only what is asked for
    is read from disk."""

    counted: ClassVar[str]
    """A tensor that has one row a clip."""

    def __init__(self, directory: Path, split: str) -> None:
        names = read_index(directory)["splits"][split]
        self.shards = [_open(directory / name) for name in names]
        self.ends = list(accumulate(len(shard[self.counted]) for shard in self.shards))

    def __len__(self) -> int:
        """Number of clips."""
        return self.ends[-1] if self.ends else 0

    def _row(self, index: int) -> tuple[dict[str, Tensor], int]:
        number = bisect_right(self.ends, index)
        return self.shards[number], index - (self.ends[number - 1] if number else 0)

    def each(self, name: str) -> Iterator[Tensor]:
        """A tensor of every shard in turn."""
        for shard in self.shards:
            yield shard[name]


class Latents(Shards):
    """What the stage `latents` has left. On a GPU they lie in its memory, 38 kB a clip."""

    counted = "latents"

    def __init__(self, directory: Path, split: str, device: torch.device | None = None) -> None:
        super().__init__(directory, split)
        for shard in self.shards if device is not None and device.type != "cpu" else ():
            shard["latents"] = shard["latents"].to(device)

    def frames(self, index: int, start: int = 0, count: int | None = None) -> Tensor:
        """Frames [start, start + count) of a clip as f16 [count, Z]"""
        shard, row = self._row(index)
        return shard["latents"][row, start : None if count is None else start + count]


class Extracted(Shards):
    """What the stage `extract` has left."""

    counted = "tokens"

    def tokens(self, index: int, start: int = 0, count: int | None = None) -> Tensor:
        """Semantic tokens [start, start + count) of a clip, i64 [count]"""
        shard, row = self._row(index)
        return shard["tokens"][row, start : None if count is None else start + count].long()

    def codes(self, index: int) -> Tensor:
        """RVQ codes of a clip's audio, i64 [Q]"""
        shard, row = self._row(index)
        return shard["codes"][row].long()

    def text_codes(self, index: int, *, heldout: bool = True) -> Tensor:
        """RVQ codes of a clip's captions, i64 [captions, Q], possibly none; without `heldout`, only of those
        whose phrasing is not held out, or of all where every one is."""
        shard, row = self._row(index)
        first, last = shard["text_offsets"][row : row + 2].tolist()
        codes, kept = shard["text_codes"][first:last].long(), ~shard["text_heldout"][first:last]
        return codes if heldout or not kept.any() else codes[kept]


def _open(path: Path) -> dict[str, Tensor]:
    try:
        return load_file(path)
    except Exception as error:
        reason = " ".join(str(error).split())
        raise TrainingError(f"{path}: not readable ({reason}); redo the stage {path.parent.name}") from None
