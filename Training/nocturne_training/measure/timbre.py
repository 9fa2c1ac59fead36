"""Who plays what, heard from a log-mel.

Letters: B batch, F frames, M bands, C channels, R roles, V players.
"""

from __future__ import annotations

from typing import Any, Final

import torch
from torch import Tensor, nn

from ..corpus.music.instruments import INSTRUMENTS
from ..corpus.vocabulary import FAMILIES

PLAYERS: Final = ("", *INSTRUMENTS)
"""Nobody, or an instrument."""
ROLES: Final = ("lead", "other melody", "chords", "pad", "bass", "drums")
_WIDTHS = 24, 48, 96, 160
_STRIDES = (2, 2), (2, 2), (2, 2), (1, 2)
_BANDS_LEFT = 5
"""Of 80, halved four times."""
_WIDTH = 192


class Timbre(nn.Module):
    """Tells the player of each role. Naming the accompaniment too is what keeps it from being taken for the
    lead; the family of the lead is read from its probabilities."""

    def __init__(self, dropout: float = 0.3) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for index, (width, stride) in enumerate(zip(_WIDTHS, _STRIDES, strict=True)):
            kernel = 3 if index else 5
            before = _WIDTHS[index - 1] if index else 1
            layers += [
                nn.Conv2d(before, width, kernel, stride, kernel // 2, bias=False),
                nn.BatchNorm2d(width),
                nn.ReLU(),
            ]
        self.local = nn.Sequential(*layers)
        self.mix = _layer(_WIDTHS[-1] * _BANDS_LEFT, _WIDTH, 1)
        self.phrase = nn.ModuleList(_layer(_WIDTH, _WIDTH, 5, dilation) for dilation in (1, 2))
        self.head = nn.Sequential(nn.Dropout(dropout), nn.Linear(2 * _WIDTH, len(ROLES) * len(PLAYERS)))

    def forward(self, mel: Tensor) -> Tensor:
        """Log-mel [B, F, M] -> logits [B, R, V]; the same at any loudness"""
        level = mel - mel.mean(dim=(1, 2), keepdim=True)
        local = self.local(level[:, None] / 3.0)
        mixed = self.mix(local.transpose(2, 3).flatten(1, 2))
        for layer in self.phrase:
            mixed = mixed + layer(mixed)
        heard = torch.cat((mixed.mean(dim=2), mixed.amax(dim=2)), dim=1)
        return self.head(heard).unflatten(1, (len(ROLES), len(PLAYERS)))


def _layer(before: int, width: int, kernel: int, dilation: int = 1) -> nn.Sequential:
    """[B, before, F] -> [B, width, F]"""
    padding = dilation * (kernel // 2)
    convolution = nn.Conv1d(before, width, kernel, padding=padding, dilation=dilation, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm1d(width), nn.ReLU())


def families(logits: Tensor) -> Tensor:
    """[B, R, V] -> probability that the lead is of each of FAMILIES [B, 14]"""
    member = torch.zeros(len(PLAYERS), len(FAMILIES))
    for place, name in enumerate(PLAYERS[1:], start=1):
        member[place, FAMILIES.index(INSTRUMENTS[name].family)] = 1.0
    return logits[:, ROLES.index("lead")].softmax(dim=1) @ member


def drummed(logits: Tensor) -> Tensor:
    """[B, R, V] -> probability that somebody drums [B]"""
    return 1.0 - logits[:, ROLES.index("drums")].softmax(dim=1)[:, 0]


def target(labels: dict[str, Any]) -> list[int]:
    """The players of the roles, as places in PLAYERS"""
    roles, lead = labels["roles"], labels["lead"]
    melodies = [roles[role] for role in ("lead", "second lead") if role in roles and roles[role] != lead]
    players = {**roles, "lead": lead, "other melody": melodies[0] if melodies else ""}
    return [PLAYERS.index(players.get(role, "")) for role in ROLES]
