"""Semantic language model: LLaMA blocks over [BOS, RVQ codes, semantic tokens] (section 3).

Letters: B batch, T positions, D width, V vocabulary, H heads, E head width.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..config import Config
from ..config import Lm as LmConfig
from ..layers import Attention, RMSNorm, rotary_table

Cache = list[tuple[Tensor, Tensor]]


class FeedForward(nn.Module):
    """Wdown(SiLU(Wgate x) * Wup x). Keys: `{gate,up,down}.weight`."""

    def __init__(self, dim: int, inner: int) -> None:
        super().__init__()
        self.gate, self.up = nn.Linear(dim, inner, bias=False), nn.Linear(dim, inner, bias=False)
        self.down = nn.Linear(inner, dim, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """[B, T, D] -> [B, T, D]"""
        return self.down(F.silu(self.gate(x)) * self.up(x))


class Block(nn.Module):
    """a = x + attention(RMSNorm x); a + FFN(RMSNorm a)."""

    def __init__(self, config: LmConfig) -> None:
        super().__init__()
        self.attention_norm = RMSNorm(config.dim, config.epsilon)
        self.attention = Attention(config.dim, config.heads, bias=False)
        self.ffn_norm = RMSNorm(config.dim, config.epsilon)
        self.ffn = FeedForward(config.dim, config.ffn)
        self.dropout = nn.Dropout(0.0)

    def forward(self, x: Tensor, table: tuple[Tensor, Tensor], cache: Cache | None, layer: int) -> Tensor:
        """[B, T, D] -> [B, T, D]; `cache[layer]` holds keys and values [B, H, past, E] and grows by T.
        Without past, attention is causal; with past, T must be 1."""
        normed = self.attention_norm(x)
        keys_values = self.attention.keys_values(normed, table)
        if cache is not None:
            if layer < len(cache):
                keys_values = tuple(
                    torch.cat(pair, dim=2) for pair in zip(cache[layer], keys_values, strict=True)
                )
                cache[layer] = keys_values
            else:
                cache.append(keys_values)
        causal = x.shape[1] == keys_values[0].shape[2]
        x = x + self.dropout(self.attention.attend(normed, table, keys_values, causal=causal))
        return x + self.dropout(self.ffn(self.ffn_norm(x)))


class Lm(nn.Module):
    """Keys: `embedding.weight`, `layers.{i}.*`, `norm.weight`, `head.weight` (untied). Its dropout is 0 until
    a trainer sets it."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        self.embedding = nn.Embedding(config.lm_vocab, config.lm.dim)
        self.layers = nn.ModuleList(Block(config.lm) for _ in range(config.lm.layers))
        self.dropout = nn.Dropout(0.0)
        self.norm = RMSNorm(config.lm.dim, config.lm.epsilon)
        self.head = nn.Linear(config.lm.dim, config.lm_vocab, bias=False)

    def prefix(self, codes: Tensor) -> Tensor:
        """RVQ codes [B, Q] -> [BOS, V q + c, ...] [B, 1 + Q]"""
        offsets = torch.arange(codes.shape[1], device=codes.device) * self.config.rvq.codes
        bos = torch.full((codes.shape[0], 1), self.config.bos, device=codes.device, dtype=codes.dtype)
        return torch.cat((bos, codes + offsets), dim=1)

    def hidden(self, ids: Tensor, cache: Cache | None = None) -> Tensor:
        """Token ids [B, T] after what the cache holds -> normalised states [B, T, D]"""
        past = cache[0][0].shape[2] if cache else 0
        if past and ids.shape[1] != 1:
            raise ValueError(f"a step after {past} cached positions takes 1 token, not {ids.shape[1]}")
        positions = torch.arange(past, past + ids.shape[1], device=ids.device)
        table = rotary_table(positions, self.config.lm.dim // self.config.lm.heads, self.config.lm.rope)
        x = self.dropout(self.embedding(ids))
        for index, layer in enumerate(self.layers):
            x = layer(x, table, cache, index)
        return self.norm(x)

    def predicted(self, codes: Tensor, tokens: Tensor) -> Tensor:
        """RVQ codes [B, Q] and semantic tokens [B, T] -> logits of each of the tokens, behind those before it
        [B, T, V]"""
        prefix = self.prefix(codes)
        ids = torch.cat((prefix, tokens[:, :-1] + self.config.semantic_start), dim=1)
        return self.head(self.hidden(ids)[:, prefix.shape[1] - 1 :])

    def forward(self, ids: Tensor, cache: Cache | None = None) -> Tensor:
        """Token ids [B, T] -> logits [B, T, V]"""
        return self.head(self.hidden(ids, cache))
