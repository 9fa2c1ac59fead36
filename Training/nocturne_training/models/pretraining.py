"""wav2vec 2.0 pre-training heads and loss (2.2). Letters: B batch, T frames, G groups, V codes, D width."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..config import Tokenizer as TokenizerConfig


class ProductQuantizer(nn.Module):
    """Gumbel product quantiser of unmasked extractor outputs. Keys: `codevectors`, `weight_proj.*`."""

    def __init__(self, config: TokenizerConfig) -> None:
        super().__init__()
        self.groups, self.codes = config.code_groups, config.group_codes
        rows = self.groups * self.codes
        self.codevectors = nn.Parameter(torch.empty(1, rows, config.code_dim // self.groups).uniform_())
        self.weight_proj = nn.Linear(config.channels, rows)

    def forward(self, features: Tensor, temperature: float, mask: Tensor) -> tuple[Tensor, Tensor]:
        """[B, T, C], mask [B, T] -> codes [B, T, code_dim] and the perplexity over masked frames (a
        scalar)"""
        logits = self.weight_proj(features).unflatten(-1, (self.groups, self.codes)).float()
        chosen = F.gumbel_softmax(logits, tau=temperature, hard=True) if self.training else _one_hot(logits)
        mean = logits.softmax(dim=-1)[mask].mean(dim=0)
        perplexity = torch.exp(-(mean * (mean + 1e-7).log()).sum(dim=-1)).sum()
        vectors = self.codevectors.view(self.groups, self.codes, -1)
        return torch.einsum("btgv,gvd->btgd", chosen.to(vectors), vectors).flatten(2), perplexity


def _one_hot(logits: Tensor) -> Tensor:
    return F.one_hot(logits.argmax(dim=-1), logits.shape[-1]).to(logits.dtype)


class PretrainingHeads(nn.Module):
    """Keys: `quantizer.*`, `project_hid.*`, `project_q.*`."""

    def __init__(self, config: TokenizerConfig) -> None:
        super().__init__()
        self.quantizer = ProductQuantizer(config)
        self.project_hid = nn.Linear(config.dim, config.code_dim)
        self.project_q = nn.Linear(config.code_dim, config.code_dim)

    def loss(
        self,
        states: Tensor,
        features: Tensor,
        mask: Tensor,
        distractors: Tensor,
        *,
        temperature: float,
        contrast: float = 0.1,
        diversity: float = 0.1,
    ) -> Tensor:
        """Summed contrastive plus diversity loss. `states` [B, T, D] of masked input, `features` [B, T, C]
        unmasked, `mask` [B, T], `distractors` [masked, 100]: flat indices into B * T of other masked frames
        of the clip."""
        codes, perplexity = self.quantizer(features, temperature, mask)
        targets = self.project_q(codes).flatten(0, 1)
        context = self.project_hid(states)[mask]
        positive, negatives = targets[mask.flatten()], targets[distractors]
        candidates = torch.cat((positive[:, None], negatives), dim=1)
        scores = F.cosine_similarity(context[:, None], candidates, dim=-1) / contrast
        same = (negatives == positive[:, None]).all(dim=-1)
        scores[:, 1:] = scores[:, 1:].masked_fill(same, float("-inf"))
        contrastive = F.cross_entropy(
            scores, torch.zeros_like(scores[:, 0], dtype=torch.long), reduction="sum"
        )
        total = self.quantizer.groups * self.quantizer.codes
        return contrastive + diversity * (total - perplexity) / total * mask.sum()
