"""Which style is played, told by one linear map from what the other probes hear. Letters: B batch, W width of
what is heard, S styles."""

from __future__ import annotations

from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..corpus.vocabulary import STYLES
from .tempo import BPM
from .timbre import WIDTH

HEARD: Final = WIDTH + len(BPM)
_STEPS, _RATE, _DECAY, _SMOOTHING, _DROPOUT = 400, 1e-2, 1e-2, 0.1, 0.3


class Style(nn.Module):
    """Who plays, and how well each tempo fits."""

    def __init__(self) -> None:
        super().__init__()
        self.map = nn.Linear(HEARD, len(STYLES))
        self.register_buffer("mean", torch.zeros(HEARD))
        self.register_buffer("deviation", torch.ones(HEARD))

    def forward(self, heard: Tensor) -> Tensor:
        """[B, W] -> logits of each of STYLES [B, S]"""
        return self.map((heard - self.mean) / self.deviation)


def fit(heard: Tensor, styles: Tensor, random: torch.Generator) -> Style:
    """Learns from what is heard of clips [B, W] and the place of each one's style in STYLES [B]."""
    found = Style()
    found.mean.copy_(heard.mean(dim=0))
    found.deviation.copy_(heard.std(dim=0).clamp(min=1e-3))
    optimiser = torch.optim.AdamW(found.parameters(), lr=_RATE, weight_decay=_DECAY)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, _STEPS)
    for _ in range(_STEPS):
        kept = torch.rand(heard.shape, generator=random) >= _DROPOUT
        # What is left out is as in the mean clip.
        part = torch.where(kept, heard, found.mean)
        loss = F.cross_entropy(found(part), styles, label_smoothing=_SMOOTHING)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
    found.eval().requires_grad_(False)
    return found
