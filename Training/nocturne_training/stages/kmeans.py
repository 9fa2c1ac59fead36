"""Semantic token centres: k-means over the tapped layer (2.3). Letters: B frames, V centres, D width."""

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
from .clustering import MiniBatchKmeans
from .context import Context
from .labels import targets
from .product import ProductCentres
from .tapped import Frames, Tapped
from .tokenizer import crop_samples
from .told_centres import ToldCentres, parts, require_parts


class KmeansTask(Task):
    """One iteration a step, on the frames of all processes; the first step also draws the initial centres.
    Always f32, as the tokens are."""

    stage: ClassVar[str] = "kmeans"

    def __init__(self, context: Context) -> None:
        settings = self.settings = context.settings.kmeans
        self.processes = context.processes
        samples = crop_samples(self.stage, settings.crop_seconds, context.config)
        each = settings.kept_frames or samples // context.config.tokenizer.stride
        frames = each * settings.batch * self.processes.world
        if frames < context.config.semantic_vocab:
            raise TrainingError(
                f"kmeans: a batch has {frames} frames for {context.config.semantic_vocab} centres; "
                f"raise kmeans.batch, kmeans.cropSeconds or kmeans.keptFrames"
            )
        self.held_out = context.corpus.split(context.held_out)[: settings.validation_clips]
        self.tokenizer = context.taken(self.stage, "tokenizer")
        self.centres = _centres(context).to(self.processes.device)
        told = any(isinstance(part, ToldCentres) for part in self.centres.parts)
        clips, device = context.corpus.split("train"), self.processes.device
        self.frames = Tapped(self.tokenizer, clips, samples, settings.kept_frames, told, device)

    @property
    def modules(self) -> Mapping[str, nn.Module]:
        """Only the centres and what belongs to them: the tokenizer's networks do not change."""
        return {"kmeans": self.centres}

    @property
    def groups(self) -> Mapping[str, list[nn.Parameter]]:
        """The centres that are learned for labels; k-means has no gradients."""
        parameters = list(self.centres.parameters())
        return {"told": parameters} if parameters else {}

    @property
    def examples(self) -> int:
        """See `Task`."""
        return len(self.frames.clips)

    def batch(self, draws: list[Draw]) -> Frames:
        """See `Tapped`."""
        return self.frames.batch(draws)

    def optimise(self, batch: Frames, step: int, update: Update) -> Metrics:
        """One iteration."""
        states, wanted = self.processes.gather(batch.states), self.processes.gather(batch.wanted)
        random = generator(self.settings.seed, self.stage, "iteration", step)
        metrics: Metrics = {}
        inertia, empty = states.new_zeros(()), states.new_zeros(())
        for part, own in self.centres.split(states):
            if step == 0:
                part.begin(own, random)
            if isinstance(part, ToldCentres):
                inertia = inertia + part.inertia(own)
                metrics |= {"labels": part.loss(own, wanted), **part.right(own, wanted)}
                update("told", metrics["labels"])
                if part.divided_by:
                    part.settle(own, wanted)
            else:
                inertia, empty = inertia + part.update(own, random), empty + (part.counts == 0).sum()
        return {"inertia": inertia, "empty": empty, **metrics}

    @torch.no_grad()
    def validate(self) -> dict[str, float]:
        """Mean squared distance of a held-out frame from its centre (of `dim`, the squared length of a
        frame), number and perplexity of the tokens, and how often told centres tell labels right."""
        if not self.held_out:
            return {}
        centres = self.centres.centers
        distance, counts = 0.0, torch.zeros(len(centres), device=centres.device)
        told: dict[str, float] = {}
        for clip in self.held_out:
            frames = self.frames.first([clip])[0]
            tokens = nearest(frames, centres)
            distance += float((frames - centres[tokens]).square().sum())
            counts += torch.bincount(tokens, minlength=len(centres))
            for name, share in self._right(clip, frames).items():
                told[name] = told.get(name, 0.0) + share / len(self.held_out)
        total = counts.sum()
        return {
            "inertia": distance / float(total),
            "used": float((counts > 0).sum()),
            "perplexity": float(perplexity((counts / total)[None])),
            **told,
        }

    def _right(self, clip: Clip, frames: Tensor) -> dict[str, float]:
        part, own = self.centres.split(frames)[0]
        if not isinstance(part, ToldCentres):
            return {}
        wanted = targets([clip]).to(frames.device).expand(len(frames), -1)
        return {name: float(share) for name, share in part.right(own, wanted).items()}

    def exports(self) -> Mapping[str, nn.Module]:
        """The tokenizer with its centres."""
        self.tokenizer.kmeans.centers.copy_(self.centres.centers)
        return {"tokenizer": self.tokenizer}


def _centres(context: Context) -> ProductCentres:
    """One part for all features, or one for what is told and one for the others. Raises `TrainingError` for
    numbers that do not go."""
    vocab, dim = context.config.semantic_vocab, context.config.tokenizer.dim
    settings, width = context.settings.kmeans, context.settings.tokenizer.label_width
    told, label = settings.told_centres, settings.divided_by
    require_parts(settings)
    if not told or not context.told:
        return ProductCentres(MiniBatchKmeans(vocab, dim, settings.patience))
    if vocab % told or not 0 < width < dim:
        raise TrainingError(
            f"kmeans.toldCentres {told}: expected a divisor of the {vocab} tokens, and tokenizer.labelWidth "
            f"{width} below the {dim} features"
        )
    rest = MiniBatchKmeans(vocab // told, dim - width, settings.patience)
    return ProductCentres(ToldCentres(told // parts(label), width, label), rest)
