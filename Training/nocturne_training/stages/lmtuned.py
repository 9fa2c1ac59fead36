"""Tunes the semantic language model for what a listener finds in the tokens that it draws: of several
continuations of one caption, those that tell more of what the caption states than the others do become
likelier (policy gradient, Williams, 1992, against the mean of the group, Shao et al., 2024). Cross-entropy
alone spends itself on what is next.

Letters: B captions, G samples of each, Q quantisers, T semantic tokens."""

from __future__ import annotations

from random import Random
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor

from ..models.listeners import Heard
from ..trainer.errors import TrainingError
from ..trainer.precision import mixed
from ..trainer.randomness import Draw
from ..trainer.task import Metrics
from ..trainer.update import Update
from .context import Context
from .drawing import draw
from .listeners import learned
from .lm import LmTask
from .reading import Reader
from .registry import tuned
from .requests import STATED, describable, requests, written

LEAST = -4.0
"""Log-probability below which wrong is wrong."""
EVEN = 0.1
"""Added to the deviation of a group's rewards, so that samples that are all alike teach nothing."""


class LmTunedTask(LmTask):
    """The cross-entropy as before, and the reward of samples."""

    stage: ClassVar[str] = "lmtuned"

    def __init__(self, context: Context) -> None:
        self.tuning = context.settings.lmtuned
        super().__init__(context, self.tuning)
        self.lm.load_state_dict(context.learned("lm", "lm").state_dict())
        self.listener = learned(context, "tokens")
        clips = context.corpus.split("train")
        self.requests = requests(clips, heldout=False)
        self.held_out_requests = requests(context.corpus.split("valid"), heldout=True)
        self.places = list(self.requests)
        if not self.places:
            raise TrainingError(
                f"{context.corpus_directory}: no training caption states what labels tell; set "
                "lmtuned.steps to 0"
            )
        new = self.places if self.tuning.written else []
        self.writing = {place: clips[place].labels for place in new if describable(clips[place])}
        if self.writing:
            text = tuned(context.settings).get("mulan", "mulan")
            self.reader, self.rvq = Reader(context), context.learned("rvq", "rvq")
            self.text_tower = context.learned(text, "mulan_text")

    @property
    def examples(self) -> int:
        """See `Task`."""
        return len(self.places)

    def batch(self, draws: list[Draw]) -> tuple[tuple[Tensor, Tensor, Tensor], Tensor, Tensor]:
        """What `LmTask` learns from, then of one caption of each of the same clips its codes [B, Q] and what
        it states [B, STATED]: a new one where `written` asks for it, else one that the clip has"""
        own = super().batch([Draw(self.places[one.index], one.generator) for one in draws])
        codes, wanted, texts = [], [], dict[int, str]()
        for row, one in enumerate(draws):
            place = self.places[one.index]
            some = self.requests[place]
            request = some[int(torch.randint(len(some), (), generator=one.generator))]
            codes.append(self.clips.text_codes(place)[request.caption])
            wanted.append(request.wanted)
            random = Random(int(torch.randint(2**62, (), generator=one.generator)))
            if place in self.writing and (found := written(self.writing[place], random)):
                texts[row], wanted[row] = found
        device = self.processes.device
        asked = torch.stack(codes).to(device)
        if texts:
            vectors = self.reader.read(texts.values(), self.text_tower)
            rows = torch.stack([vectors[text] for text in texts.values()])
            asked[list(texts)] = self.rvq.encode(rows).to(asked)
        return own, asked, torch.tensor(wanted, device=device)

    def optimise(
        self, batch: tuple[tuple[Tensor, Tensor, Tensor], Tensor, Tensor], step: int, update: Update
    ) -> Metrics:
        """See `Task`."""
        own, codes, wanted = batch
        group = self.tuning.samples
        codes, wanted = (part.repeat_interleave(group, dim=0) for part in (codes, wanted))
        tokens = draw(self.lm, codes, self.tuning.sampled_tokens or self.config.clip_tokens)
        with torch.no_grad():
            rewards = reward(self.listener(tokens), wanted)
        loss, accuracy = self.objective(*own)
        likely = self.likelihood(codes, tokens)
        gain = (advantages(rewards, group)[:, None] * likely).mean()
        update("lm", loss - self.tuning.reward_weight * gain)
        return {
            "loss": loss,
            "reward": rewards.mean(),
            "accuracy": accuracy,
            "surprise": -likely.detach().mean(),
        }

    def likelihood(self, codes: Tensor, tokens: Tensor) -> Tensor:
        """Codes [B, Q] and tokens [B, T] -> log-probability of each token among the semantic ones [B, T]"""
        with mixed(codes.device.type, self.settings.precision):
            logits = self.logits(codes, tokens)[..., self.config.semantic_start : self.config.bos]
        return -F.cross_entropy(logits.float().transpose(1, 2), tokens, reduction="none")

    def validate(self) -> dict[str, float]:
        """See `LmTask`; and how often tokens drawn for a held-out clip's caption tell what it states."""
        places = list(self.held_out_requests)[: self.settings.validation_clips]
        size, device = self.settings.batch * self.tuning.samples, self.processes.device
        torch.manual_seed(self.settings.seed)
        right: dict[str, list[Tensor]] = {label: [] for label in STATED.values()}
        for first in range(0, len(places), size):
            some = {place: self.held_out_requests[place][0] for place in places[first : first + size]}
            codes = torch.stack([self.held_out.text_codes(place)[one.caption] for place, one in some.items()])
            heard = self.listener(draw(self.lm, codes.to(device), self.config.clip_tokens))
            wanted = torch.tensor([one.wanted for one in some.values()], device=device)
            for label, column in zip(right, wanted.T, strict=True):
                right[label].append((heard[label].argmax(dim=1) == column)[column >= 0])
        found = {f"told_{label}": torch.cat(parts) for label, parts in right.items() if parts}
        return super().validate() | {name: float(r.float().mean()) for name, r in found.items() if len(r)}


def reward(heard: Heard, wanted: Tensor) -> Tensor:
    """The log-probability of all that is stated, [B, STATED] -> [B]"""
    total = torch.zeros(len(wanted), device=wanted.device)
    for label, column in zip(STATED.values(), wanted.T, strict=True):
        found = heard[label].gather(1, column.clamp(min=0)[:, None])[:, 0].clamp(min=LEAST)
        total = total + torch.where(column >= 0, found, 0.0)
    return total


def advantages(rewards: Tensor, group: int) -> Tensor:
    """How much better than the others of its group each is, in deviations, [B G] -> [B G]"""
    rows = rewards.view(-1, group)
    spread = rows.std(dim=1, keepdim=True, correction=0) + EVEN
    return ((rows - rows.mean(dim=1, keepdim=True)) / spread).flatten()
