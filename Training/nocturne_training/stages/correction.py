"""Tokens that tell what labels say. Some training clips hold tokens of another lead's family than theirs, and
what a diffusion network learns of a token is what all clips that hold it sound like. Letters: B clips, T
semantic tokens, C told centres."""

from __future__ import annotations

import torch
from torch import Tensor

from ..trainer.errors import TrainingError
from .context import Context
from .labels import PLACES
from .requests import LEFT_OPEN, STATED, tellable
from .telling import Telling
from .tensors import Extracted
from .told_centres import WEIGHTS


class Correction:
    """Puts in place of each told centre the one that loses least in squared distance, as a share of the
    median distance between neighbours, and gains most in log P(label | centre), summed by `WEIGHTS` and times
    `weight`. Raises `TrainingError` where tokens have no told centres."""

    def __init__(self, context: Context, clips: Extracted, weight: float) -> None:
        if not context.told_centres:
            raise TrainingError(
                "dpdtuned.correction: tokens have no told centres; set kmeans.toldCentres, or correction to 0"
            )
        self.weight, self.told = weight, tellable(context)
        self.telling = Telling(context, clips)
        centres = context.taken("dpdtuned", "tokenizer").kmeans.centers[:: self.telling.rest]
        told = centres[:, : context.settings.tokenizer.label_width].float()
        squares = torch.cdist(told, told).square()
        others = squares.masked_fill(torch.eye(len(told), dtype=torch.bool, device=squares.device), torch.inf)
        self.apart = squares / others.amin(dim=1).median().clamp(min=1e-6)

    def __call__(self, tokens: Tensor, labels: Tensor) -> Tensor:
        """Tokens [B, T] of clips with the `labels.targets` [B, labels + families] -> [B, T]"""
        gain, rest = self.apart.new_zeros(len(tokens), len(self.apart)), self.telling.rest
        for name in self.told:
            table, wanted = self.telling.tables[name], labels[:, PLACES[STATED[name]]].to(self.apart.device)
            told = table.T[wanted.clamp(min=0)] * WEIGHTS[STATED[name]]
            gain = gain + torch.where((wanted == LEFT_OPEN)[:, None], 0.0, told)
        best = (self.weight * gain[:, None, :] - self.apart).argmax(dim=-1).to(tokens.device)
        return best.gather(1, tokens // rest) * rest + tokens % rest
