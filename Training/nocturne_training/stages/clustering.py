"""k-means: where it begins, Lloyd's iteration, and the mini-batch rule. Letters: B vectors, V centres, D
width."""

from __future__ import annotations

import torch
from torch import Generator, Tensor, nn

from ..models.rvq import nearest


def plus_plus(vectors: Tensor, count: int, generator: Generator) -> Tensor:
    """k-means++ (Arthur and Vassilvitskii, 2007): each next centre is a vector drawn with a probability
    proportional to its squared distance from the centres so far, [B, D] -> [count, D]. Where all distances
    are zero (fewer distinct vectors than centres) any vector is drawn."""
    chosen = int(torch.randint(len(vectors), (), generator=generator))
    centres = [vectors[chosen]]
    distances = (vectors - centres[0]).square().sum(dim=1)
    for _ in range(count - 1):
        bounds = distances.double().cumsum(dim=0)
        point = torch.rand((), generator=generator, dtype=torch.float64)
        if bounds[-1] > 0:
            target = (point * bounds[-1].cpu()).to(bounds)
            chosen = min(int(torch.searchsorted(bounds, target, right=True)), len(vectors) - 1)
        else:
            chosen = int(point * len(vectors))
        centres.append(vectors[chosen])
        distances = torch.minimum(distances, (vectors - centres[-1]).square().sum(dim=1))
    return torch.stack(centres)


def totals(vectors: Tensor, index: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Number [V] and sum [V, D] of the vectors [B, D] that belong to each of `count` centres"""
    counts = torch.bincount(index, minlength=count).to(vectors.dtype)
    return counts, vectors.new_zeros(count, vectors.shape[1]).index_add_(0, index, vectors)


def lloyd(vectors: Tensor, centres: Tensor, iterations: int, generator: Generator) -> tuple[Tensor, Tensor]:
    """Lloyd's iterations from given centres [V, D] -> centres and their numbers of vectors [V]; an empty
    centre becomes a random vector."""
    for _ in range(iterations):
        counts, sums = totals(vectors, nearest(vectors, centres), len(centres))
        empty = counts == 0
        centres = sums / counts.clamp(min=1)[:, None]
        centres[empty] = _random(vectors, empty, generator)
    return centres, totals(vectors, nearest(vectors, centres), len(centres))[0]


def _random(vectors: Tensor, which: Tensor, generator: Generator) -> Tensor:
    drawn = torch.randint(len(vectors), (int(which.sum()),), generator=generator)
    return vectors[drawn.to(vectors.device)]


class MiniBatchKmeans(nn.Module):
    """Mini-batch k-means (Sculley, 2010, algorithm 1): the batch is assigned first, then each of its vectors
    x moves its centre c by (x - c) / n, n being the number of vectors that c has ever got. Over a batch of m
    vectors for c these moves come to (mean - c) m / n, which is what is computed. A centre that got nothing
    for `patience` batches is empty: it becomes a random vector of the batch, with n = 0. Buffers: `centers
    [V, D]`, `counts [V]`, `idle [V]`."""

    def __init__(self, count: int, dim: int, patience: int) -> None:
        super().__init__()
        self.patience = patience
        self.register_buffer("centers", torch.zeros(count, dim))
        self.register_buffer("counts", torch.zeros(count))
        self.register_buffer("idle", torch.zeros(count, dtype=torch.long))

    @property
    def places(self) -> Tensor:
        """What tokens stand for [V, D]"""
        return self.centers

    def begin(self, vectors: Tensor, generator: Generator) -> None:
        """Centres from a first batch [B, D]."""
        self.centers.copy_(plus_plus(vectors, len(self.centers), generator))

    def update(self, vectors: Tensor, generator: Generator) -> Tensor:
        """Learns from a batch [B, D] -> its mean squared distance before the update"""
        index = nearest(vectors, self.centers)
        inertia = (vectors - self.centers[index]).square().sum(dim=1).mean()
        counts, sums = totals(vectors, index, len(self.centers))
        self.counts += counts
        self.centers += (sums - counts[:, None] * self.centers) / self.counts.clamp(min=1)[:, None]
        self.idle.add_(1).mul_(counts == 0)
        empty = self.idle >= self.patience
        self.centers[empty] = _random(vectors, empty, generator)
        self.counts[empty] = 0
        self.idle[empty] = 0
        return inertia
