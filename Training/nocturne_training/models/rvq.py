"""Residual vector quantiser of the joint embedding (1.3). Letters: B batch, Q quantisers, V codes, D
width."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ..config import Mulan
from ..config import Rvq as RvqConfig


def nearest(x: Tensor, codebook: Tensor) -> Tensor:
    """Index of the closest code, x [B, D], codebook [V, D] -> [B]; ties go to the lower index."""
    distances = (x * x).sum(-1, keepdim=True) - 2.0 * x @ codebook.T + (codebook * codebook).sum(-1)
    smallest = distances.min(dim=-1, keepdim=True).values
    indices = torch.arange(codebook.shape[0], device=x.device).expand_as(distances)
    return torch.where(distances == smallest, indices, codebook.shape[0]).min(dim=-1).values


class Rvq(nn.Module):
    """r_0 = e; i_q = argmin |r - C_q[c]|; r -= C_q[i_q]. Keys: `codebooks [Q, V, D]`."""

    def __init__(self, config: RvqConfig, mulan: Mulan) -> None:
        super().__init__()
        self.codebooks = nn.Parameter(torch.zeros(config.quantizers, config.codes, mulan.dim))

    def encode(self, embedding: Tensor) -> Tensor:
        """[B, D] -> codes [B, Q], each 0..<V"""
        residual, codes = embedding, []
        for codebook in self.codebooks:
            index = nearest(residual, codebook)
            residual = residual - codebook[index]
            codes.append(index)
        return torch.stack(codes, dim=1)

    def decode(self, codes: Tensor) -> Tensor:
        """[B, Q] -> sum of the chosen codes [B, D]"""
        return sum(codebook[codes[:, q]] for q, codebook in enumerate(self.codebooks))


class CodebookAverage(nn.Module):
    """Exponential moving average that learns one codebook in place (1.3); dead codes become random vectors of
    the batch. Buffers: `counts [V]`, `sums [V, D]`; the codebook is the quantiser's own tensor."""

    def __init__(
        self, codebook: Tensor, decay: float = 0.95, dead: float = 0.5, epsilon: float = 1e-5
    ) -> None:
        super().__init__()
        self.codebook, self.decay, self.dead, self.epsilon = codebook.detach(), decay, dead, epsilon
        self.register_buffer("counts", torch.ones_like(self.codebook[:, 0]))
        self.register_buffer("sums", self.codebook.clone())

    @torch.no_grad()
    def begin(self, codes: Tensor, counts: Tensor) -> None:
        """Starts from centres [V, D] that stand for so many vectors each [V]."""
        self.codebook.copy_(codes)
        self.counts.copy_(counts)
        self.sums.copy_(codes * counts[:, None])

    @torch.no_grad()
    def update(self, batch: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """Learns from vectors [B, D] -> the code of each as it was before the average moved [B, D]"""
        replace = self.counts < self.dead
        drawn = torch.randint(batch.shape[0], (int(replace.sum()),), generator=generator)
        self.codebook[replace] = self.sums[replace] = batch[drawn.to(batch.device)]
        self.counts[replace] = 1.0
        index = nearest(batch, self.codebook)
        chosen = self.codebook[index]
        counts = torch.bincount(index, minlength=len(self.counts)).to(batch.dtype)
        sums = torch.zeros_like(self.sums).index_add_(0, index, batch)
        self.counts.mul_(self.decay).add_(counts, alpha=1 - self.decay)
        self.sums.mul_(self.decay).add_(sums, alpha=1 - self.decay)
        total = self.counts.sum()
        smooth = (self.counts + self.epsilon) / (total + len(self.counts) * self.epsilon) * total
        self.codebook.copy_(self.sums / smooth[:, None])
        return chosen
