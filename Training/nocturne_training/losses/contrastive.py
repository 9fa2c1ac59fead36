"""Contrastive losses between paired embeddings (1.2). Letters: B pairs; scores [B, B] are audio i against
text j, divided by the temperature. `same` [B, B] marks pairs that are no opposites though they lie off the
diagonal: one caption text, or one clip, drawn twice. They are left out of the denominators, as such a text
describes both clips."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def info_nce(scores: Tensor, same: Tensor) -> Tensor:
    """Symmetric InfoNCE: mean cross-entropy of finding the text by the audio and the audio by the text"""
    scores = scores.masked_fill(same & ~_diagonal(scores), float("-inf"))
    own = torch.arange(len(scores), device=scores.device)
    return 0.5 * (F.cross_entropy(scores, own) + F.cross_entropy(scores.T, own))


def decoupled(scores: Tensor, same: Tensor) -> Tensor:
    """MuLan's form, the positive left out of the denominator: mean over i of
    log sum_{j != i} (h(x_i, t_j) + h(x_j, t_i)) - log h(x_i, t_i); pairs without any opposite count as 0"""
    opposite = ~(same | _diagonal(scores))
    kept = opposite.any(dim=1)
    # A row of which nothing is left would have the gradient of log 0.
    both = torch.cat((scores, scores.T), dim=1)
    both = both.masked_fill(~torch.cat((opposite, opposite.T), dim=1) & kept[:, None], float("-inf"))
    losses = both.logsumexp(dim=1) - scores.diagonal()
    return torch.where(kept, losses, 0.0).mean()


def ranks(scores: Tensor, same: Tensor) -> Tensor:
    """Place of the own text among all for each audio, 1 is best -> [B]; equal scores count against it, so
    that collapsed embeddings rank last"""
    opposite = ~(same | _diagonal(scores))
    return 1 + ((scores >= scores.diagonal()[:, None]) & opposite).sum(dim=1)


def _diagonal(scores: Tensor) -> Tensor:
    return torch.eye(len(scores), dtype=torch.bool, device=scores.device)
