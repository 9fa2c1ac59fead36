"""Tokens as the language model draws them when it renders. Letters: B batch, Q quantisers, T semantic
tokens."""

from __future__ import annotations

import torch
from torch import Tensor

from ..models.lm import Cache, Lm


@torch.no_grad()
def draw(lm: Lm, codes: Tensor, count: int, bonus: Tensor | float = 0.0) -> Tensor:
    """RVQ codes [B, Q] -> the first `count` tokens [B, T] at the configuration's temperature, without
    dropout, by the global generator; `bonus` [B, V] is added to the logits of the semantic tokens"""
    training, start = lm.training, lm.config.semantic_start
    lm.eval()
    cache: Cache = []
    ids, tokens = lm.prefix(codes), []
    for _ in range(count):
        logits = lm.head(lm.hidden(ids, cache)[:, -1])[:, start : lm.config.bos] + bonus
        tokens.append(torch.multinomial((logits / lm.config.lm.temperature).softmax(dim=1), 1))
        ids = tokens[-1] + start
    lm.train(training)
    return torch.cat(tokens, dim=1)
