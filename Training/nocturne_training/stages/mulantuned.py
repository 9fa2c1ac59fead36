"""Tunes the projection of MuLan's text tower for what the codes of a caption tell of it. Contrastive learning
asks that a caption is nearest to its own clip, for which half of what it states is enough, and the quantiser
keeps what is long, not what matters; what the codes do not tell no language model can play.

Letters: C captions, E width of the encoder, D of the joint space."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import ClassVar, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..corpus.dataset import Clip
from ..trainer.randomness import Draw
from ..trainer.task import Metrics, Task
from ..trainer.update import Update
from .composed import read
from .context import Context
from .reading import Reader
from .requests import SIZES, STATED, Hits, describable, requests, tellable, unstated, untold

HIDDEN = 256


class Captions(NamedTuple):
    """What the encoder makes of captions [C, E], where they were in the joint space [C, D], and what they
    state [C, STATED]."""

    states: Tensor
    before: Tensor
    stated: Tensor


class MulanTunedTask(Task):
    """The cross-entropy of what is stated, told by a small network from the quantised embedding, through
    which gradients pass as if it were not (van den Oord et al., 2017); the distance to the codes; and that to
    where the caption was, next to its clip. Codebooks, encoder and audio tower stay."""

    stage: ClassVar[str] = "mulantuned"

    def __init__(self, context: Context) -> None:
        self.config, self.settings = context.config, context.settings.mulantuned
        self.processes = context.processes
        self.text = context.taken(self.stage, "mulan_text")
        self.rvq = context.taken(self.stage, "rvq")
        self.reader = Reader(context)
        told = tellable(context)
        clips = context.corpus.split("train")
        self.captions = self._captions(clips, told, heldout=False)
        self.held_out = self._captions(context.corpus.split(context.held_out), told, heldout=True)
        if self.settings.composed and any(describable(clip) for clip in clips):
            self.captions = self._with_new(told)
        if not len(self.captions.states):
            raise unstated(context, self.stage)
        self.text.projection.requires_grad_(True)
        torch.manual_seed(self.settings.seed)
        dim = self.config.mulan.dim
        self.teller = nn.Sequential(
            nn.LayerNorm(dim), nn.Linear(dim, HIDDEN), nn.GELU(), nn.Linear(HIDDEN, sum(SIZES))
        ).to(self.processes.device)

    @torch.no_grad()
    def _captions(self, clips: Sequence[Clip], told: Collection[str], *, heldout: bool) -> Captions:
        found = requests(clips, heldout=heldout, told=told)
        texts = [clips[place].captions[one.caption].text for place, some in found.items() for one in some]
        stated = [one.wanted for some in found.values() for one in some]
        table = self.reader.encoded(texts, self.text)
        width, device = self.config.mulan.bert.dim, self.processes.device
        states = torch.stack([table[text] for text in texts]) if texts else torch.zeros(0, width)
        wanted = torch.tensor(stated, dtype=torch.long).view(-1, len(STATED))
        return Captions(states.to(device), self.embed(states.to(device)), wanted.to(device))

    @torch.no_grad()
    def _with_new(self, told: Collection[str]) -> Captions:
        states, stated = read(self.settings.composed, self.reader, self.text, told)
        new = Captions(states, self.embed(states), stated.to(states.device))
        return Captions(*(torch.cat(both) for both in zip(self.captions, new, strict=True)))

    def embed(self, states: Tensor) -> Tensor:
        """[C, E] -> unit vectors [C, D]"""
        return F.normalize(self.text.projection(states), dim=-1)

    @property
    def modules(self) -> Mapping[str, nn.Module]:
        """See `Task`."""
        return {"projection": self.text.projection, "teller": self.teller}

    @property
    def groups(self) -> Mapping[str, list[nn.Parameter]]:
        """See `Task`."""
        return {"mulan": [value for part in self.modules.values() for value in part.parameters()]}

    @property
    def examples(self) -> int:
        """See `Task`."""
        return len(self.captions.states)

    def batch(self, draws: list[Draw]) -> Captions:
        """See `Captions`."""
        rows, own = [draw.index for draw in draws], self.captions
        return Captions(own.states[rows], own.before[rows], own.stated[rows])

    def optimise(self, batch: Captions, step: int, update: Update) -> Metrics:
        """See `Task`."""
        own, vectors = self.settings, self.embed(batch.states)
        with torch.no_grad():
            quantised = self.rvq.decode(self.rvq.encode(vectors))
        coarse = (vectors - quantised).square().sum(dim=1).mean()
        moved = (1.0 - (vectors * batch.before).sum(dim=1)).mean()
        missed = untold(self.told(vectors + (quantised - vectors).detach()), batch.stated)
        loss = missed + own.keep_weight * moved + own.code_weight * coarse
        update("mulan", loss)
        return {"loss": loss, "missed": missed, "moved": moved, "coarse": coarse}

    def told(self, vectors: Tensor) -> list[Tensor]:
        """Joint embeddings [C, D] -> logits of each of `STATED` [C, choices]"""
        return list(self.teller(vectors).split(SIZES, dim=1))

    def validate(self) -> dict[str, float]:
        """Of held-out captions how often their codes tell what they state; the mean cosine to where they
        were."""
        if not len(self.held_out.states):
            return {}
        vectors = self.embed(self.held_out.states)
        told = self.told(self.rvq.decode(self.rvq.encode(vectors)))
        hits = Hits()
        hits.take("codes", told, self.held_out.stated)
        return {"cosine": float((vectors * self.held_out.before).sum(dim=1).mean())} | hits.shares()

    def exports(self) -> Mapping[str, nn.Module]:
        """See `Task`."""
        return {"mulan_text": self.text}
