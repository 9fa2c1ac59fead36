"""What each semantic token tells of labels, as often as training clips that have them hold it. Letters: B
captions, T semantic tokens, V vocabulary, C centres."""

from __future__ import annotations

import torch
from torch import Tensor

from .context import Context
from .labels import CHOICES, PLACES, complete, targets
from .requests import LEFT_OPEN, STATED, STYLE
from .tensors import Extracted

PRIOR = 20.0
"""Tokens of every centre that are counted beside those of clips, of each choice its share of all tokens and
one more, since a corpus may lack a choice that captions state."""
EXPONENTS = {"family": 1.25, "drums": 2.0, "tempo": 1.5, "style": 1.0, "quality": 1.5}
"""By which the guidance raises what a token tells of each of `STATED`."""


class Telling:
    """log P(choice | centre), counted; a token's centre is its told one, or the token itself where there are
    none. `tables` has [C, choices] for each of `STATED`; `shares` says what telling each is worth, the style
    `style` and everything else 1."""

    def __init__(self, context: Context, clips: Extracted, style: float = 0.0) -> None:
        self.shares = dict.fromkeys(STATED, 1.0) | {STYLE: style}
        vocabulary = context.config.semantic_vocab
        self.rest = vocabulary // context.told_centres if context.told_centres else 1
        self.tables: dict[str, Tensor] = {}
        found = context.corpus.split("train")
        places = [place for place, clip in enumerate(found) if complete(clip)]
        wanted = targets([found[place] for place in places])
        centres = torch.stack([clips.tokens(place) for place in places]) // self.rest
        for name, label in STATED.items():
            counts = torch.zeros(vocabulary // self.rest, len(CHOICES[label]))
            choices = wanted[:, PLACES[label], None].expand_as(centres)
            counts.index_put_((centres, choices), torch.ones(()), accumulate=True)
            shares = (counts.sum(dim=0) + 1.0) / (counts.sum() + counts.shape[1])
            smooth = counts + PRIOR * shares
            table = (smooth / smooth.sum(dim=1, keepdim=True)).log()
            self.tables[name] = table.to(context.processes.device)

    def bonus(self, stated: Tensor) -> Tensor:
        """Choices of `STATED` [B, STATED] -> what to add to the logits of tokens so that these tell them, by
        Bayes' rule and the `EXPONENTS` [B, V]; nothing for what is left open"""
        total = stated.new_zeros(len(stated), 1, dtype=torch.float32)
        for (name, table), wanted in zip(self.tables.items(), stated.T, strict=True):
            told = self.shares[name] * EXPONENTS[name] * table.T[wanted.clamp(min=0)]
            total = total + torch.where((wanted == LEFT_OPEN)[:, None], 0.0, told)
        return total.repeat_interleave(self.rest, dim=1)

    def likely(self, chances: Tensor, stated: Tensor) -> Tensor:
        """Probabilities of tokens [B, T, V] and choices [B, STATED] -> mean over what is stated of the
        probability that a token drawn so tells it, summed over `STATED` by the shares -> scalar"""
        centres = chances.unflatten(-1, (-1, self.rest)).sum(dim=-1)
        total = chances.new_zeros(())
        for (name, table), wanted in zip(self.tables.items(), stated.T, strict=True):
            asks = wanted != LEFT_OPEN
            told = (centres[asks] @ table.exp()).gather(
                -1, wanted[asks][:, None, None].expand(-1, centres.shape[1], 1)
            )
            total = total + self.shares[name] * told.sum() / max(1, told.numel())
        return total

    def heard(self, tokens: Tensor) -> list[Tensor]:
        """Tokens [B, T] -> for each of `STATED` the sum of their logarithms [B, choices]"""
        return [table[tokens // self.rest].sum(dim=1) for table in self.tables.values()]
