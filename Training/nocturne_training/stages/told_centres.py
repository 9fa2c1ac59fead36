"""Centres that are learned for labels: what a clip is called can be told from the nearest of them. Letters: B
frames, W told features, V centres."""

from __future__ import annotations

import math

import torch
from torch import Generator, Tensor, nn

from ..models.rvq import nearest
from ..trainer.errors import TrainingError
from ..trainer.settings import KmeansSettings
from .clustering import lloyd, plus_plus, totals
from .labels import CHOICES, PLACES

WEIGHTS = {"lead_family": 3.0, "tempo": 1.0, "drums": 1.0, "quality": 1.0, "style": 0.3}
"""What a few hundred centres should tell, and how much more one thing than another. They cannot tell all: the
family of the lead is what captions speak of most, and a style says its tempo and its drums once more."""
ITERATIONS = 10
"""Of Lloyd's, before the first step."""
MEMORY = 0.98
"""What is left in one step of the frames that the parts of a centre are the means of."""
SHARPNESS = 8.0
"""How many times nearer than usual a frame is to its centre where its share of the others is 1 / e."""


class ToldCentres(nn.Module):
    """Soft learning vector quantisation (Seo and Obermayer, 2003), but that a centre has, for each label, a
    distribution over its choices instead of one class. A frame x is of centre v with the probability
    softmax(-|x - c_v|^2 / tau), and the loss is the cross-entropy of its clip's labels in that mixture, each
    as a share of chance's. Centres of the nearest mean alone (k-means) keep what varies most, which need
    not be what the labels say. Keys: `centers [V, W]`, `tables.{label} [V, choices]` (logits), and the buffer
    `tau`.

    Divided by a label each centre is as many as that has choices, P, in their order, as far apart as the
    means of such clips' frames among its own are: buffers `counts [V P]` and `sums [V P, W]`."""

    def __init__(self, count: int, width: int, divided_by: str = "") -> None:
        super().__init__()
        self.divided_by, self.parts = divided_by, parts(divided_by)
        self.centers = nn.Parameter(torch.zeros(count, width))
        self.tables = nn.ParameterDict(
            {name: nn.Parameter(torch.zeros(count, len(CHOICES[name]))) for name in WEIGHTS}
        )
        self.register_buffer("tau", torch.ones(()))
        if divided_by:
            self.register_buffer("counts", torch.zeros(self.parts * count))
            self.register_buffer("sums", torch.zeros(self.parts * count, width))

    @torch.no_grad()
    def begin(self, vectors: Tensor, generator: Generator) -> None:
        """Centres by k-means from a first batch [B, W]."""
        start = plus_plus(vectors, len(self.centers), generator)
        self.centers.copy_(lloyd(vectors, start, ITERATIONS, generator)[0])
        self.tau.copy_((self.inertia(vectors) / SHARPNESS).clamp(min=1e-6))

    @torch.no_grad()
    def inertia(self, vectors: Tensor) -> Tensor:
        """Mean squared distance of [B, W] from the nearest centre"""
        return (vectors - self.centers[nearest(vectors, self.centers)]).square().sum(dim=1).mean()

    @torch.no_grad()
    def settle(self, vectors: Tensor, wanted: Tensor) -> None:
        """Takes frames [B, W] and their clips' `labels.targets` [B, labels] for the parts."""
        own = nearest(vectors, self.centers) * self.parts + wanted[:, PLACES[self.divided_by]]
        counts, sums = totals(vectors, own, len(self.counts))
        self.sums.mul_(MEMORY).add_(sums)
        self.counts.mul_(MEMORY).add_(counts)

    @property
    def places(self) -> Tensor:
        """What tokens stand for, without gradients: the centres, or their parts, those of a centre next to
        each other [V P, W]"""
        centers = self.centers.detach()
        if not self.divided_by:
            return centers
        counts, sums = self.counts.view(-1, self.parts, 1), self.sums.view(len(centers), self.parts, -1)
        means = sums / counts.clamp(min=1e-6)
        apart = means - sums.sum(dim=1, keepdim=True) / counts.sum(dim=1, keepdim=True).clamp(min=1e-6)
        known = (counts > 0).all(dim=1, keepdim=True)
        return (centers[:, None] + torch.where(known, apart, 0.0)).flatten(0, 1)

    def loss(self, vectors: Tensor, wanted: Tensor) -> Tensor:
        """Frames [B, W] and their clips' `labels.targets` [B, labels] -> scalar, 1 where nothing is told"""
        # Less |x|^2, which is the same for all centres.
        distances = self.centers.square().sum(dim=1) - 2.0 * vectors @ self.centers.T
        shares = (-distances / self.tau).softmax(dim=1)
        total = vectors.new_zeros(())
        for name, weight in WEIGHTS.items():
            table, places = self.tables[name], wanted[:, PLACES[name], None]
            told = (shares @ table.softmax(dim=1)).gather(1, places).clamp(min=1e-6)
            total = total - weight * told.log().mean() / math.log(table.shape[1])
        return total / sum(WEIGHTS.values())

    @torch.no_grad()
    def right(self, vectors: Tensor, wanted: Tensor) -> dict[str, Tensor]:
        """Frames [B, W] and their clips' labels -> for each label, how often it is the likeliest choice of
        the nearest centre; divided by a label, as `heard_*`, how often the nearest part is the clip's"""
        places = nearest(vectors, self.places)
        heard = {}
        if self.divided_by:
            right = places % self.parts == wanted[:, PLACES[self.divided_by]]
            heard = {f"heard_{self.divided_by}": right.float().mean()}
            places = places // self.parts
        return heard | {
            f"right_{name}": (self.tables[name].argmax(dim=1)[places] == wanted[:, PLACES[name]])
            .float()
            .mean()
            for name in WEIGHTS
        }


def parts(label: str) -> int:
    """Into how many a centre is divided by a label; 1 by none."""
    return len(CHOICES[label]) if label else 1


def require_parts(settings: KmeansSettings) -> None:
    """Raises `TrainingError` where told centres cannot be divided as the settings say."""
    told, label = settings.told_centres, settings.divided_by
    if label and label not in WEIGHTS:
        raise TrainingError(f"kmeans.dividedBy {label}: expected one of {', '.join(WEIGHTS)}")
    if label and (not told or told % parts(label)):
        raise TrainingError(
            f"kmeans.toldCentres {told}: expected a multiple of {parts(label)} for kmeans.dividedBy {label}"
        )


def renamed(tokens: Tensor, chosen: Tensor, count: int, others: int) -> Tensor:
    """Tokens [B, T] of a product of centres that are `count` parts each and `others`, and their clips'
    choices [B] -> tokens of whose parts these are [B, T]. A tokenizer that hears no pitch cannot tell major
    from minor; the label can, and what is made of tokens can follow it."""
    told, other = tokens // others, tokens % others
    return (told // count * count + chosen[:, None]) * others + other
