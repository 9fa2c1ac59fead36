"""Tunes the semantic language model for what a listener finds in the tokens that it draws: they should tell
what the caption states. Which token would have told more, the listener's gradient says of each by itself: it
reaches the probabilities as if their mean had been heard (straight-through, Bengio et al., 2013).
Cross-entropy alone spends itself on what is next.

Letters: B captions, Q quantisers, T semantic tokens, D width of the listener, R captions read."""

from __future__ import annotations

from random import Random
from typing import ClassVar, NamedTuple

import torch
from torch import Tensor

from ..trainer.precision import mixed
from ..trainer.randomness import Draw
from ..trainer.task import Metrics
from ..trainer.update import Update
from .context import Context
from .drawing import draw
from .listeners import learned
from .reading import Reader
from .requests import STATED, Hits, asking, describable, requests, tellable, unstated, untold, written
from .teller import ToldLmTask


class Batch(NamedTuple):
    """What `LmTask` learns from; codes of captions to draw for [B, Q] and what these state [B, STATED]; the
    same of captions to read [R, Q], [R, STATED]"""

    own: tuple[Tensor, Tensor, Tensor]
    asked: Tensor
    wanted: Tensor
    read: Tensor
    stated: Tensor


class LmTunedTask(ToldLmTask):
    """The cross-entropy as before; that of what is stated and what is heard in draws; and that of what one
    linear map reads in the state behind a caption's codes, before anything is drawn."""

    stage: ClassVar[str] = "lmtuned"
    self_contained: ClassVar[bool] = False

    def __init__(self, context: Context) -> None:
        self.tuning = context.settings.lmtuned
        super().__init__(context, self.tuning)
        self.lm.load_state_dict(context.taken(self.stage, "lm").state_dict())
        self.listener = learned(context, "tokens")
        clips = context.corpus.split("train")
        self.tellable = tellable(context)
        self.requests = requests(clips, heldout=False, told=self.tellable)
        unseen = context.corpus.split(context.held_out)
        self.held_out_requests = requests(unseen, heldout=True, told=self.tellable)
        self.places = list(self.requests)
        if not self.places:
            raise unstated(context, self.stage)
        new = self.places if self.tuning.written else []
        self.writing = {place: clips[place].labels for place in new if describable(clips[place])}
        if self.writing:
            self.reader, self.rvq = Reader(context), context.taken(self.stage, "rvq")
            self.text_tower = context.taken(self.stage, "mulan_text")

    @property
    def examples(self) -> int:
        """See `Task`."""
        return len(self.places)

    def batch(self, draws: list[Draw]) -> Batch:
        """Of each clip what `LmTask` learns from, `asked` captions to draw for, new ones where `written` asks
        for them, else those that the clip has, and its share of `read` captions of any clips."""
        own = super().batch([Draw(self.places[one.index], one.generator) for one in draws])
        codes, wanted, texts = [], [], dict[int, str]()
        for one in draws:
            place = self.places[one.index]
            for _ in range(self.tuning.asked):
                code, stated = self._known(place, one)
                labels = self.writing.get(place)
                if labels and (new := written(labels, _random(one), self.tellable)):
                    texts[len(codes)], stated = new
                codes.append(code)
                wanted.append(stated)
        device = self.processes.device
        asked = torch.stack(codes).to(device)
        if texts:
            vectors = self.reader.read(texts.values(), self.text_tower)
            rows = torch.stack([vectors[text] for text in texts.values()])
            asked[list(texts)] = self.rvq.encode(rows).to(asked)
        each = max(1, self.tuning.read // len(draws))
        read = [self._any(one) for one in draws for _ in range(each)]
        return Batch(
            own,
            asked,
            torch.tensor(wanted, device=device),
            torch.stack([code for code, _ in read]).to(device),
            torch.tensor([stated for _, stated in read], device=device),
        )

    def _known(self, place: int, one: Draw) -> tuple[Tensor, tuple[int, ...]]:
        """Codes [Q] of one of the captions that a clip has, and what it states."""
        some = self.requests[place]
        request = some[int(torch.randint(len(some), (), generator=one.generator))]
        return self.clips.text_codes(place)[request.caption], request.wanted

    def _any(self, one: Draw) -> tuple[Tensor, tuple[int, ...]]:
        place = self.places[int(torch.randint(len(self.places), (), generator=one.generator))]
        return self._known(place, one)

    def optimise(self, batch: Batch, step: int, update: Update) -> Metrics:
        """See `Task`."""
        with mixed(batch.asked.device.type, self.settings.precision):
            tokens = draw(self.lm, batch.asked, self.tuning.sampled_tokens or self.config.clip_tokens)
        loss, accuracy = self.objective(*batch.own)
        heard = self.listener.heard(self.relaxed(batch.asked, tokens))
        missed = untold([heard[label] for label in STATED.values()], batch.wanted)
        unread = untold(self.told(batch.read), batch.stated)
        own = self.tuning
        update("lm", loss + own.reward_weight * missed + own.prefix_weight * unread)
        return {"loss": loss, "accuracy": accuracy, "missed": missed, "unread": unread}

    def chances(self, codes: Tensor, tokens: Tensor) -> Tensor:
        """Codes [B, Q], tokens [B, T] -> in each place the probability of every semantic token [B, T, V]"""
        with mixed(codes.device.type, self.settings.precision):
            logits = self.logits(codes, tokens)[..., self.config.semantic_start : self.config.bos]
        return logits.float().softmax(dim=-1)

    def relaxed(self, codes: Tensor, tokens: Tensor) -> Tensor:
        """What the listener makes of each of the tokens [B, T, D], with the gradient of its mean over all, by
        their probability"""
        table = self.listener.table()
        mean = self.chances(codes, tokens) @ table
        return table[tokens] + (mean - mean.detach())

    def told(self, codes: Tensor) -> list[Tensor]:
        """Codes [R, Q] -> logits of each of `STATED` [R, choices]"""
        with mixed(codes.device.type, self.settings.precision):
            state = self.lm.hidden(self.lm.prefix(codes))[:, -1]
        return self.teller(state)

    def validate(self) -> dict[str, float]:
        """See `LmTask`; and of all held-out captions how often tokens drawn for them tell what they state
        (`told_*`), and how often it is read in the state behind their codes (`read_*`)."""
        size, device, hits = self.settings.batch * self.tuning.asked, self.processes.device, Hits()
        torch.manual_seed(self.settings.seed)
        clips = self.settings.validation_clips
        for codes, stated in asking(self.held_out, self.held_out_requests, clips, size):
            codes, stated = codes.to(device), stated.to(device)
            heard = self.listener(draw(self.lm, codes, self.config.clip_tokens))
            hits.take("told", [heard[label] for label in STATED.values()], stated)
            hits.take("read", self.told(codes), stated)
        return super().validate() | hits.shares()


def _random(one: Draw) -> Random:
    return Random(int(torch.randint(2**62, (), generator=one.generator)))
