"""Which instrument leads and which families play, heard from a log-mel.

Letters: B batch, F frames, M bands, C channels, V instruments, N families.
"""

from __future__ import annotations

from typing import Any, Final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..corpus.music.instruments import INSTRUMENTS
from ..corpus.vocabulary import FAMILIES

LEADS: Final = tuple(INSTRUMENTS)
"""What the lead is told to be: instruments, since they are more alike in themselves than their families."""
_WIDTHS = 24, 48, 96, 160
_STRIDES = (2, 2), (2, 2), (2, 2), (1, 2)
_BANDS_LEFT = 5
"""Of 80, halved four times."""
_HEARD = 192
_SMOOTHING = 0.1
WIDTH: Final = 2 * _HEARD
"""Of what is heard of a clip before it is named."""


class Timbre(nn.Module):
    """Convolutions over time and bands, then mean and largest over time."""

    def __init__(self, dropout: float = 0.3) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        before, kernel = 1, 5
        for width, stride in zip(_WIDTHS, _STRIDES, strict=True):
            convolution = nn.Conv2d(before, width, kernel, stride, kernel // 2, bias=False)
            layers += [convolution, nn.BatchNorm2d(width), nn.ReLU()]
            before, kernel = width, 3
        self.local = nn.Sequential(*layers)
        joined = nn.Conv1d(before * _BANDS_LEFT, _HEARD, 1, bias=False)
        self.joined = nn.Sequential(joined, nn.BatchNorm1d(_HEARD), nn.ReLU())
        self.head = nn.Sequential(nn.Dropout(dropout), nn.Linear(WIDTH, len(LEADS) + len(FAMILIES)))

    def forward(self, mel: Tensor) -> tuple[Tensor, Tensor]:
        """Log-mel [B, F, M] -> logits of the lead [B, V] and of each family playing [B, N]; the same at any
        loudness"""
        return self.named(self.heard(mel))

    def heard(self, mel: Tensor) -> Tensor:
        """Log-mel [B, F, M] -> [B, WIDTH]"""
        level = mel - mel.mean(dim=(1, 2), keepdim=True)
        joined = self.joined(self.local(level[:, None] / 3.0).transpose(2, 3).flatten(1, 2))
        return torch.cat((joined.mean(dim=2), joined.amax(dim=2)), dim=1)

    def named(self, heard: Tensor) -> tuple[Tensor, Tensor]:
        """[B, WIDTH] -> as `forward`"""
        lead, playing = self.head(heard).split((len(LEADS), len(FAMILIES)), dim=1)
        return lead, playing


def families(lead: Tensor) -> Tensor:
    """Logits [B, V] -> probability that the lead is of each family [B, N]"""
    of = torch.tensor([FAMILIES.index(instrument.family) for instrument in INSTRUMENTS.values()])
    return lead.softmax(dim=1) @ F.one_hot(of, len(FAMILIES)).to(lead)


def drummed(playing: Tensor) -> Tensor:
    """Logits [B, N] -> whether somebody drums [B]"""
    return playing[:, FAMILIES.index("drums")] > 0


def targets(labels: dict[str, Any]) -> tuple[int, list[float]]:
    """The place of the lead in LEADS, and 1 for each of FAMILIES that plays"""
    return LEADS.index(labels["lead"]), [float(family in labels["families"]) for family in FAMILIES]


def loss(found: tuple[Tensor, Tensor], lead: Tensor, playing: Tensor) -> Tensor:
    """Of the lead, of all families, and once more of the drums, which are asked for by themselves"""
    drums = FAMILIES.index("drums")
    return (
        F.cross_entropy(found[0].float(), lead, label_smoothing=_SMOOTHING)
        + F.binary_cross_entropy_with_logits(found[1].float(), playing)
        + F.binary_cross_entropy_with_logits(found[1][:, drums].float(), playing[:, drums])
    )
