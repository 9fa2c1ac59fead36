"""wav2vec 2.0 pre-training heads and loss (2.2).

Letters: B batch, T frames, F masked frames of the batch, K distractors, G groups, V codes, D width.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..config import Tokenizer as TokenizerConfig


@dataclass(frozen=True)
class Quantized:
    """`codes` [B, T, code_dim]; `indices` of the chosen codes [B, T, G]; `probabilities` of all codes before
    noise and temperature [B, T, G, V]."""

    codes: Tensor
    indices: Tensor
    probabilities: Tensor


class ProductQuantizer(nn.Module):
    """Gumbel product quantiser of unmasked extractor outputs. Keys: `codevectors`, `weight_proj.*`."""

    def __init__(self, config: TokenizerConfig) -> None:
        super().__init__()
        self.groups, self.codes = config.code_groups, config.group_codes
        rows = self.groups * self.codes
        self.codevectors = nn.Parameter(torch.empty(1, rows, config.code_dim // self.groups).uniform_())
        self.weight_proj = nn.Linear(config.channels, rows)

    def forward(self, features: Tensor, temperature: float, noise: Tensor | None = None) -> Quantized:
        """[B, T, C] and Gumbel noise [B, T, G, V] -> codes: forward the largest noisy logit's, backward the
        gradient of the softmax (straight-through). Without noise: the most likely code."""
        logits = self.weight_proj(features).unflatten(-1, (self.groups, self.codes))
        noisy = logits if noise is None else logits + noise
        soft, indices = (noisy / temperature).softmax(dim=-1), noisy.argmax(dim=-1)
        hard = F.one_hot(indices, self.codes).to(soft)
        vectors = self.codevectors.view(self.groups, self.codes, -1)
        codes = torch.einsum("btgv,gvd->btgd", hard - soft.detach() + soft, vectors).flatten(2)
        return Quantized(codes, indices, logits.softmax(dim=-1))


@dataclass(frozen=True)
class Contrast:
    """Sums over the masked frames of one process. `contested` counts frames of which a distractor has another
    code, `correct` those whose own code scored above all such distractors: a collapsed quantiser has a loss
    of 0, but nothing contested. `usage` sums probabilities [G, V], `chosen` counts codes [G, V]."""

    loss: Tensor
    correct: Tensor
    contested: Tensor
    usage: Tensor
    chosen: Tensor


def perplexity(mean: Tensor) -> Tensor:
    """exp(entropy) per group, summed over groups; mean probabilities [G, V] -> scalar from G to G V"""
    return torch.exp(-(mean * (mean + 1e-7).log()).sum(dim=-1)).sum()


class PretrainingHeads(nn.Module):
    """Keys: `quantizer.*`, `project_hid.*`, `project_q.*`."""

    def __init__(self, config: TokenizerConfig) -> None:
        super().__init__()
        self.quantizer = ProductQuantizer(config)
        self.project_hid = nn.Linear(config.dim, config.code_dim)
        self.project_q = nn.Linear(config.code_dim, config.code_dim)

    def forward(
        self,
        states: Tensor,
        features: Tensor,
        mask: Tensor,
        distractors: Tensor,
        *,
        temperature: float,
        noise: Tensor | None = None,
        contrast: float = 0.1,
    ) -> Contrast:
        """`states` [B, T, D] of masked input, `features` [B, T, C] unmasked, `mask` [B, T], `distractors`
        [F, K]: frames of the same clip. All cosines of a clip are computed once and looked up, as distractors
        share their frames."""
        quantized = self.quantizer(features, temperature, noise)
        context = F.normalize(self.project_hid(states), dim=-1)
        targets = F.normalize(self.project_q(quantized.codes), dim=-1)
        clip, frame = mask.nonzero(as_tuple=True)
        cosines = (context @ targets.transpose(1, 2))[clip, frame] / contrast
        own = cosines.gather(1, frame[:, None])
        indices = quantized.indices[clip]
        same = (
            indices.gather(1, _spread(distractors, indices))
            == indices.gather(1, _spread(frame[:, None], indices))
        ).all(-1)
        others = cosines.gather(1, distractors).masked_fill(same, float("-inf"))
        scores = torch.cat((own, others), dim=1)
        contested = ~same.all(dim=1)
        correct = contested & (own > others.max(dim=1, keepdim=True).values)[:, 0]
        chosen = F.one_hot(quantized.indices[mask], self.quantizer.codes)
        return Contrast(
            loss=F.cross_entropy(scores, torch.zeros_like(frame), reduction="sum"),
            correct=correct.sum(),
            contested=contested.sum(),
            usage=quantized.probabilities[mask].sum(dim=0),
            chosen=chosen.sum(dim=0),
        )


def _spread(frames: Tensor, indices: Tensor) -> Tensor:
    return frames[..., None].expand(-1, -1, indices.shape[-1])
