"""Frames of the tapped layer, for k-means. Letters: B frames, N samples, T frames of a clip, D width, C
clips."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from ..corpus.dataset import Clip
from ..models.tokenizer import Tokenizer
from ..trainer.randomness import Draw
from .clips import crops, whole
from .labels import targets


@dataclass(frozen=True)
class Frames:
    """Tapped frames [B, D], and the labels of their clips, none where nothing is told [B, labels]."""

    states: Tensor
    wanted: Tensor


@dataclass(frozen=True)
class Tapped:
    """The frames of clips, of `samples` each. With `kept` a batch has so many frames of each clip it draws,
    and all clips are heard once and stay in memory; otherwise it has all frames of a crop, which is heard
    anew."""

    tokenizer: Tokenizer
    clips: Sequence[Clip]
    samples: int
    kept: int
    told: bool
    device: torch.device

    @torch.no_grad()
    def hear(self, audio: Tensor) -> Tensor:
        """[C, N] -> [C, T, D], clip by clip, so that neither memory nor the last bit depends on the batch"""
        return torch.cat([self.tokenizer.tap(clip[None]) for clip in audio.to(self.device)])

    def first(self, clips: Sequence[Clip]) -> Tensor:
        """The beginnings of clips -> [C, T, D]"""
        return torch.cat([self.hear(whole([clip], self.samples)) for clip in clips])

    @cached_property
    def memory(self) -> Tensor:
        """[clips, T, D]"""
        return self.first(self.clips)

    @cached_property
    def labels(self) -> Tensor:
        """[clips, labels]"""
        found = targets(self.clips) if self.told else torch.empty(len(self.clips), 0, dtype=torch.long)
        return found.to(self.device)

    def batch(self, draws: list[Draw]) -> Frames:
        """The frames of the drawn clips, clip by clip."""
        if self.kept:
            rows = [self._some(draw) for draw in draws]
        else:
            rows = list(self.hear(crops(self.clips, draws, self.samples, self.tokenizer.config.stride)))
        labels = [self.labels[draw.index].expand(len(row), -1) for draw, row in zip(draws, rows, strict=True)]
        return Frames(torch.cat(rows), torch.cat(labels))

    def _some(self, draw: Draw) -> Tensor:
        clip = self.memory[draw.index]
        return clip[torch.randint(len(clip), (self.kept,), generator=draw.generator).to(clip.device)]
