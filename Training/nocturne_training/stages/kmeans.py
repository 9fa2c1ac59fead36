"""Semantic token centres: k-means over the tapped layer (2.3). Letters: B batch, N samples, T frames, V
centres, D width."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import torch
from torch import Tensor, nn

from ..corpus.dataset import Clip
from ..models.pretraining import perplexity
from ..models.rvq import nearest
from ..trainer.errors import TrainingError
from ..trainer.randomness import Draw, generator
from ..trainer.task import Metrics, Task
from ..trainer.update import Update
from .clips import crops, whole
from .clustering import ProductKmeans
from .context import Context
from .tokenizer import crop_samples


class KmeansTask(Task):
    """One mini-batch iteration a step, on the frames of all processes; the first step also draws the initial
    centres. Always f32, as the tokens are."""

    stage: ClassVar[str] = "kmeans"

    def __init__(self, context: Context) -> None:
        self.config, self.settings, self.processes = (
            context.config,
            context.settings.kmeans,
            context.processes,
        )
        self.samples = crop_samples(self.stage, self.settings.crop_seconds, self.config)
        frames = self.samples // self.config.tokenizer.stride * self.settings.batch * self.processes.world
        if frames < self.config.semantic_vocab:
            raise TrainingError(
                f"kmeans: a batch has {frames} frames for {self.config.semantic_vocab} centres; "
                f"raise kmeans.batch or kmeans.cropSeconds"
            )
        self.clips = context.corpus.split("train")
        self.held_out = context.corpus.split(context.held_out)[: self.settings.validation_clips]
        self.tokenizer = context.learned("tokenizer", "tokenizer")
        parts = _parts(context)
        self.centres = ProductKmeans(parts, self.settings.patience).to(self.processes.device)

    @property
    def modules(self) -> Mapping[str, nn.Module]:
        """Only the centres and their counts: the tokenizer's networks do not change."""
        return {"kmeans": self.centres}

    @property
    def groups(self) -> Mapping[str, list[nn.Parameter]]:
        """Nothing is learned by gradients."""
        return {}

    @property
    def examples(self) -> int:
        """See `Task`."""
        return len(self.clips)

    def batch(self, draws: list[Draw]) -> Tensor:
        """Crops [B, N]"""
        audio = crops(self.clips, draws, self.samples, self.config.tokenizer.stride)
        return audio.to(self.processes.device)

    def frames(self, audio: Tensor) -> Tensor:
        """What is clustered, [B, N] -> [B * T, D]; clip by clip, so that neither memory nor the last bit
        depends on the batch"""
        return torch.cat([self.tokenizer.tap(clip[None])[0] for clip in audio])

    @torch.no_grad()
    def optimise(self, batch: Tensor, step: int, update: Update) -> Metrics:
        """One iteration."""
        frames = self.processes.gather(self.frames(batch))
        random = generator(self.settings.seed, self.stage, "iteration", step)
        if step == 0:
            self.centres.begin(frames, random)
        inertia = self.centres.update(frames, random)
        return {"inertia": inertia, "empty": self.centres.empty}

    def validate(self) -> dict[str, float]:
        """Mean squared distance of a held-out frame from its centre (of `dim`, the squared length of a
        frame), number and perplexity of the tokens."""
        if not self.held_out:
            return {}
        centres = self.centres.centers
        distance, counts = 0.0, torch.zeros(len(centres), device=centres.device)
        for clip in self.held_out:
            frames = self.frames(self._held_out(clip))
            tokens = nearest(frames, centres)
            distance += float((frames - centres[tokens]).square().sum())
            counts += torch.bincount(tokens, minlength=len(centres))
        total = counts.sum()
        return {
            "inertia": distance / float(total),
            "used": float((counts > 0).sum()),
            "perplexity": float(perplexity((counts / total)[None])),
        }

    def _held_out(self, clip: Clip) -> Tensor:
        return whole([clip], self.samples).to(self.processes.device)

    def exports(self) -> Mapping[str, nn.Module]:
        """The tokenizer with its centres."""
        with torch.no_grad():
            self.tokenizer.kmeans.centers.copy_(self.centres.centers)
        return {"tokenizer": self.tokenizer}


def _parts(context: Context) -> list[tuple[int, int]]:
    """Number of centres and width of each part of a frame. Raises `TrainingError` for numbers that do not
    go."""
    vocab, dim = context.config.semantic_vocab, context.config.tokenizer.dim
    told, width = context.settings.kmeans.told_centres, context.settings.tokenizer.label_width
    if not told or not context.told:
        return [(vocab, dim)]
    if vocab % told or not 0 < width < dim:
        raise TrainingError(
            f"kmeans.toldCentres {told}: expected a divisor of the {vocab} tokens, and tokenizer.labelWidth "
            f"{width} below the {dim} features"
        )
    return [(told, width), (vocab // told, dim - width)]
