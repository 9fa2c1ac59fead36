"""Residual quantiser of the joint embedding (1.3). Letters: B batch, Q quantisers, V codes, D width."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import groupby
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..corpus.dataset import Clip
from ..models.rvq import CodebookAverage, Rvq
from ..trainer.randomness import Draw, generator
from ..trainer.task import Metrics, Task
from ..trainer.update import Update
from .captions import captioned, held_out, known, pick
from .clips import batches, whole
from .clustering import lloyd, plus_plus
from .context import Context
from .reading import Reader

_TOGETHER = {"cpu": 1, "cuda": 16}
"""Clips that the audio tower hears at once, which may change the last bits and only helps a GPU."""


class RvqTask(Task):
    """One moving-average update a step of all codebooks, each on what the ones before it leave, over the
    embeddings of all processes. The frozen towers embed every clip, and every caption where a share of the
    rows is text, once."""

    stage: ClassVar[str] = "rvq"

    def __init__(self, context: Context) -> None:
        self.config, self.settings, self.processes = context.config, context.settings.rvq, context.processes
        self.clips, self.held_out = captioned(context), held_out(context, self.settings.validation_clips)
        self.audio_tower = context.taken(self.stage, "mulan_audio")
        self.text_tower = context.taken(self.stage, "mulan_text")
        self.reader, device = Reader(context), self.processes.device
        self.rvq = Rvq(self.config.rvq, self.config.mulan).to(device).requires_grad_(False)
        self.averages = nn.ModuleList(
            CodebookAverage(codebook, self.settings.memory, self.settings.dead_code)
            for codebook in self.rvq.codebooks
        )

    @cached_property
    def audio(self) -> Tensor:
        """Embeddings of the training clips' windows [clips, windows, D]."""
        return self._heard(self.clips, self.settings.windows)

    @cached_property
    def texts(self) -> dict[str, Tensor]:
        """Embeddings of the training clips' captions, [D] each."""
        texts = [text for clip in self.clips for text in known(clip)]
        return self.reader.vectors(texts, self.text_tower)

    @cached_property
    def unseen(self) -> dict[str, Tensor]:
        """Embeddings of held-out clips, and of their first captions [B, D]."""
        texts = [clip.captions[0].text for clip in self.held_out]
        table = self.reader.vectors(texts, self.text_tower)
        return {
            "audio": self._heard(self.held_out, 1)[:, 0],
            "text": torch.stack([table[text] for text in texts]),
        }

    @torch.no_grad()
    def _heard(self, clips: Sequence[Clip], windows: int) -> Tensor:
        """Embeddings of each clip, and of what is left of it after one second, two... -> [clips, windows,
        D]"""
        rate, limit = self.config.sample_rate, self.config.clip_seconds * self.config.sample_rate
        found: list[Tensor] = []
        size = _TOGETHER[self.processes.device.type]
        # Clips of one length go through the tower together.
        for count, some in groupby(clips, lambda clip: max(1, min(clip.samples, limit))):
            for batch in batches(list(some), size):
                audio = whole(batch, count).to(self.processes.device)
                audio = F.pad(audio, (0, max(0, rate - count)))
                # A short clip's later windows would be empty, so its own ones come round again.
                starts = [k % max(1, audio.shape[1] // rate) * rate for k in range(windows)]
                found.append(torch.stack([self.audio_tower(audio[:, start:]) for start in starts], dim=1))
        return torch.cat(found)

    @property
    def modules(self) -> Mapping[str, nn.Module]:
        """Codebooks, and the counts and sums behind them."""
        return {"rvq": self.rvq, "averages": self.averages}

    @property
    def groups(self) -> Mapping[str, list[nn.Parameter]]:
        """Nothing is learned by gradients."""
        return {}

    @property
    def examples(self) -> int:
        """See `Task`."""
        return len(self.clips)

    def batch(self, draws: list[Draw]) -> Tensor:
        """One embedding of each clip: one of its windows or of its captions [B, D]"""
        rows = []
        for draw in draws:
            random, audio = draw.generator, self.audio[draw.index]
            if float(torch.rand((), generator=random)) < self.settings.text_share:
                rows.append(self.texts[pick(self.clips[draw.index], random)])
            else:
                rows.append(audio[int(torch.randint(len(audio), (), generator=random))])
        return torch.stack(rows)

    @torch.no_grad()
    def optimise(self, batch: Tensor, step: int, update: Update) -> Metrics:
        """The first step clusters its batch by k-means, quantiser by quantiser; every step moves the
        averages."""
        vectors = self.processes.gather(batch)
        random = generator(self.settings.seed, self.stage, "codes", step)
        residual = vectors
        for average in self.averages:
            if step == 0:
                start = plus_plus(residual, self.config.rvq.codes, random)
                average.begin(*lloyd(residual, start, self.settings.initial_iterations, random))
            residual = residual - average.update(residual, random)
        error = residual.square().sum(dim=1).mean() / vectors.square().sum(dim=1).mean()
        return {"error": error, "used": self._used()}

    def validate(self) -> dict[str, float]:
        """For held-out audio and text: squared error after each quantiser as a share of the embedding's
        squared length, and cosine of the decoded embedding; the share of codes that are in use."""
        figures: dict[str, float] = {}
        for kind, vectors in self.unseen.items() if self.held_out else ():
            residual, length = vectors, vectors.square().sum(dim=1)
            codes = self.rvq.encode(vectors)
            for q, codebook in enumerate(self.rvq.codebooks):
                residual = residual - codebook[codes[:, q]]
                figures[f"{kind}_error_{q + 1}"] = float((residual.square().sum(dim=1) / length).mean())
            decoded = self.rvq.decode(codes)
            figures[f"{kind}_cosine"] = float(F.cosine_similarity(decoded, vectors).mean())
        return figures | {"used": float(self._used())}

    def _used(self) -> Tensor:
        return (
            torch.stack([average.counts >= self.settings.dead_code for average in self.averages])
            .float()
            .mean()
        )

    def exports(self) -> Mapping[str, nn.Module]:
        """See `Task`."""
        return {"rvq": self.rvq}
