"""Guides the semantic language model by itself: it learns to predict what it would, if each token were also
weighed by how well it tells what the caption states (Yang and Klein, 2021, who decode so; here a student
learns it). Its openings decide: what the first tokens tell, those after them go on with. The student learns
from those that it draws itself, and to tell what is stated as often as it can: one that only predicts the
guided model is as torn as its reading, and draws in proportion.

Letters: B clips, R openings, Q quantisers, T semantic tokens, V vocabulary, N captions."""

from __future__ import annotations

from collections.abc import Collection
from typing import ClassVar, NamedTuple, cast

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from ..models.lm import Lm
from ..trainer.errors import TrainingError
from ..trainer.precision import mixed
from ..trainer.randomness import Draw, generator
from ..trainer.settings import LmGuidedSettings
from ..trainer.task import Metrics
from ..trainer.update import Update
from .composed import read
from .context import Context
from .drawing import draw
from .reading import Reader
from .requests import Hits, asking, describable, requests, tellable, unstated, untold
from .teller import ToldLmTask
from .telling import Telling

AT_ONCE = 128
"""Captions for which tokens are drawn at a time."""


class Asked(NamedTuple):
    """Codes of captions [N, Q] and what these state [N, STATED]"""

    codes: Tensor
    stated: Tensor


class Guided(NamedTuple):
    """`Asked` and tokens for it [N, T]"""

    codes: Tensor
    stated: Tensor
    tokens: Tensor


class Batch(NamedTuple):
    """Whole clips and captions to open for, and the codes that the student reads for each, which are not
    quite theirs; and captions, with such codes, that it reads and draws nothing for"""

    clips: Guided
    clips_read: Tensor
    openings: Asked
    openings_read: Tensor
    read: Asked


class LmGuidedTask(ToldLmTask):
    """The divergence of the student's predictions from those of the guided model, over whole clips, most of
    which the guided model has drawn, and over openings that the student draws for many captions; how often
    these tell what is stated, and so the first tokens for many more captions; and the cross-entropy of what
    one linear map reads in the state behind the codes of these."""

    stage: ClassVar[str] = "lmguided"

    def __init__(self, context: Context) -> None:
        self.tuning = context.settings.lmguided
        _require_some(self.tuning)
        super().__init__(context, self.tuning)
        self.teacher = cast(Lm, context.taken(self.stage, "lm"))
        self.lm.load_state_dict(self.teacher.state_dict())
        self.telling = Telling(context, self.clips, self.tuning.style_weight)
        self.rvq = context.taken(self.stage, "rvq")
        told = tellable(context, style=self.tuning.style_weight > 0)
        self.requests = requests(context.corpus.split("train"), heldout=False, told=told)
        self.held_out_requests = requests(context.corpus.split(context.held_out), heldout=True, told=told)
        self.places = list(self.requests)
        if not self.places:
            raise unstated(context, self.stage)
        self.asked = self._captions(context, told)
        self.drawn = self._drawn(self.asked)

    @property
    def examples(self) -> int:
        """See `Task`."""
        return len(self.places)

    def _captions(self, context: Context, told: Collection[str]) -> Asked:
        """New captions where the corpus is of the kind that they are written for, else those that its clips
        have."""
        clips = context.corpus.split("train")
        if self.tuning.composed and any(describable(clips[place]) for place in self.places):
            text = context.taken(self.stage, "mulan_text")
            states, stated = read(self.tuning.composed, Reader(context), text, told)
            with torch.no_grad():
                vectors = F.normalize(text.projection(states), dim=-1)
            return Asked(self.rvq.encode(vectors).cpu(), stated)
        known = [(place, one) for place, some in self.requests.items() for one in some]
        codes = torch.stack([self.clips.text_codes(place)[one.caption] for place, one in known])
        return Asked(codes, torch.tensor([one.wanted for _, one in known]))

    def _drawn(self, asked: Asked) -> Guided:
        """Clips of the guided model for the first captions."""
        device, count = self.processes.device, self.tuning.drawn
        torch.manual_seed(generator(self.tuning.seed, self.stage).initial_seed())
        codes, stated, tokens = asked.codes[:count], asked.stated[:count], []
        for some, wanted in zip(codes.split(AT_ONCE), stated.split(AT_ONCE), strict=True):
            bonus = self.telling.bonus(wanted.to(device))
            with mixed(device.type, self.settings.precision):
                tokens.append(draw(self.teacher, some.to(device), self.config.clip_tokens, bonus).cpu())
        return Guided(codes, stated, torch.cat(tokens))

    def batch(self, draws: list[Draw]) -> Batch:
        """Of each example a clip that the guided model has drawn, or in a share of them the example's own
        with one of its captions; and as many captions to open for and to read as asked."""
        clips, openings, seen, read = [], [], [], []
        for one in draws:
            own = float(torch.rand((), generator=one.generator)) < self.tuning.own_share
            clips.append(self._own(one) if own else Guided(*_any(self.drawn, 1, one.generator)))
            openings.append(Asked(*_any(self.asked, self.tuning.openings, one.generator)))
            seen.append(self.blurred(torch.cat((clips[-1].codes, openings[-1].codes)), one.generator))
            codes, stated = _any(self.asked, self.tuning.read, one.generator)
            read.append(Asked(self.blurred(codes, one.generator), stated))
        device = self.processes.device
        return Batch(
            Guided(*(torch.cat(column).to(device) for column in zip(*clips, strict=True))),
            torch.cat([codes[:1] for codes in seen]),
            Asked(*(torch.cat(column).to(device) for column in zip(*openings, strict=True))),
            torch.cat([codes[1:] for codes in seen]),
            Asked(*(torch.cat(column).to(device) for column in zip(*read, strict=True))),
        )

    def _own(self, one: Draw) -> Guided:
        place = self.places[one.index]
        some = self.requests[place]
        request = some[int(torch.randint(len(some), (), generator=one.generator))]
        codes = self.clips.text_codes(place)[request.caption]
        return Guided(codes[None], torch.tensor([request.wanted]), self.clips.tokens(place)[None])

    @torch.no_grad()
    def blurred(self, codes: Tensor, random: Generator) -> Tensor:
        """Codes of places in the joint space near those of [B, Q], up to `blur` of their length away: a
        caption in other words has other codes, above all fine ones, and states the same."""
        device = self.processes.device
        vectors = self.rvq.decode(codes.to(device))
        noise = torch.randn(vectors.shape, generator=random).to(device)
        level = self.tuning.blur * torch.rand(len(codes), 1, generator=random).to(device)
        apart = level * noise * vectors.norm(dim=1, keepdim=True) / vectors.shape[1] ** 0.5
        return self.rvq.encode(F.normalize(vectors + apart, dim=1))

    def _predicted(self, lm: Lm, codes: Tensor, tokens: Tensor) -> Tensor:
        """Logits of the semantic tokens alone [B, T, V]"""
        with mixed(codes.device.type, self.settings.precision):
            logits = lm.predicted(codes, tokens)[..., self.config.semantic_start : self.config.bos]
        return logits.float()

    def strayed(self, known: Guided, read: Tensor) -> tuple[Tensor, Tensor]:
        """Mean divergence in nats a token of the student, which reads the codes [B, Q], from the guided
        model; and the student's probabilities [B, T, V]"""
        with torch.no_grad():
            guided = self._predicted(self.teacher, known.codes, known.tokens)
            guided = (guided + self.telling.bonus(known.stated)[:, None]).log_softmax(dim=-1)
        own = self._predicted(self.lm, read, known.tokens).log_softmax(dim=-1)
        return (guided.exp() * (guided - own)).sum(dim=-1).mean(), own.exp()

    def optimise(self, batch: Batch, step: int, update: Update) -> Metrics:
        """See `Task`."""
        clips, _ = self.strayed(batch.clips, batch.clips_read)
        asked, read = batch.openings, batch.openings_read
        with mixed(read.device.type, self.settings.precision):
            drawn = Guided(*asked, draw(self.lm, read, self.tuning.opening))
        openings, chances = self.strayed(drawn, read)
        told = self.telling.likely(chances, asked.stated)
        loss, own = 0.5 * clips + 0.5 * openings, self.tuning
        metrics = {"loss": loss, "clips": clips, "openings": openings, "told": told}
        if own.read:
            unread, first = self.reading(batch.read)
            metrics |= {"unread": unread, "first": first}
            told, loss = told + first, loss + own.read_weight * unread
        update("lm", loss - own.told_weight * told)
        return metrics

    def reading(self, read: Asked) -> tuple[Tensor, Tensor]:
        """The cross-entropy of what is read in the states behind the codes; and how often the first tokens
        tell it."""
        with mixed(read.codes.device.type, self.settings.precision):
            state = self.lm.hidden(self.lm.prefix(read.codes))[:, -1]
            logits = self.lm.head(state)[:, self.config.semantic_start : self.config.bos]
        first = self.telling.likely(logits.float().softmax(dim=-1)[:, None], read.stated)
        return untold(self.teller(state), read.stated), first

    def validate(self) -> dict[str, float]:
        """See `LmTask`; and of all held-out captions how often the tokens of a clip drawn for them tell what
        they state (`told_*`)."""
        device, clips, hits = self.processes.device, self.settings.validation_clips, Hits()
        torch.manual_seed(self.settings.seed)
        for codes, stated in asking(self.held_out, self.held_out_requests, clips, AT_ONCE):
            tokens = draw(self.lm, codes.to(device), self.config.clip_tokens)
            hits.take("told", self.telling.heard(tokens), stated.to(device))
        return super().validate() | hits.shares()


def _any(known: Asked | Guided, count: int, random: Generator) -> tuple[Tensor, ...]:
    """Some rows of each column."""
    places = torch.randint(len(known.codes), (count,), generator=random)
    return tuple(column[places] for column in known)


def _require_some(settings: LmGuidedSettings) -> None:
    """Raises `TrainingError` for numbers of which at least one is needed."""
    for name in ("drawn", "openings", "opening"):
        if (value := getattr(settings, name)) < 1:
            raise TrainingError(f"lmguided.{name} {value}: expected at least 1")
