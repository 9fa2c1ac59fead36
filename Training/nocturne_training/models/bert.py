"""BERT encoder with Hugging Face parameter names, without pooler (1.1).

Letters: B batch, T tokens, D width. Keys: see ARCHITECTURE.md, `mulan_text`, without the `bert.` prefix.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..config import Bert as BertConfig
from ..layers import merge_heads, split_heads


def _named(**modules: nn.Module) -> nn.ModuleDict:
    """A container that gives its parts the names of the keys (`self` and the like are no attribute names)."""
    return nn.ModuleDict(modules)


class Embeddings(nn.Module):
    """Word, position and segment embeddings, summed, LayerNorm."""

    def __init__(self, config: BertConfig) -> None:
        super().__init__()
        self.word_embeddings = nn.Embedding(config.vocab, config.dim)
        self.position_embeddings = nn.Embedding(config.positions, config.dim)
        self.token_type_embeddings = nn.Embedding(2, config.dim)
        self.LayerNorm = nn.LayerNorm(config.dim, eps=config.epsilon)

    def forward(self, ids: Tensor) -> Tensor:
        """[B, T] -> [B, T, D]; every token is of segment 0"""
        positions = torch.arange(ids.shape[1], device=ids.device)
        x = (
            self.word_embeddings(ids)
            + self.position_embeddings(positions)
            + self.token_type_embeddings.weight[0]
        )
        return self.LayerNorm(x)


class Layer(nn.Module):
    """Post-LN transformer block: x = LN(x + attention(x)); x = LN(x + FFN(x)), GELU with erf."""

    def __init__(self, config: BertConfig) -> None:
        super().__init__()
        dim, self.heads = config.dim, config.heads
        projections = {name: nn.Linear(dim, dim) for name in ("query", "key", "value")}
        self.attention = _named(
            self=nn.ModuleDict(projections),
            output=_named(dense=nn.Linear(dim, dim), LayerNorm=nn.LayerNorm(dim, eps=config.epsilon)),
        )
        self.intermediate = _named(dense=nn.Linear(dim, config.ffn))
        self.output = _named(
            dense=nn.Linear(config.ffn, dim), LayerNorm=nn.LayerNorm(dim, eps=config.epsilon)
        )

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """[B, T, D], mask [B, 1, 1, T] true where a key may be read -> [B, T, D]"""
        parts = self.attention["self"]
        query, key, value = (split_heads(parts[name](x), self.heads) for name in ("query", "key", "value"))
        mixed = merge_heads(F.scaled_dot_product_attention(query, key, value, attn_mask=mask))
        out = self.attention["output"]
        x = out["LayerNorm"](x + out["dense"](mixed))
        hidden = F.gelu(self.intermediate["dense"](x))
        return self.output["LayerNorm"](x + self.output["dense"](hidden))


class Bert(nn.Module):
    """Token ids to hidden states."""

    def __init__(self, config: BertConfig) -> None:
        super().__init__()
        self.config = config
        self.embeddings = Embeddings(config)
        self.encoder = _named(layer=nn.ModuleList(Layer(config) for _ in range(config.layers)))

    def hidden_states(self, ids: Tensor, mask: Tensor | None = None) -> list[Tensor]:
        """[B, T] -> embeddings and every layer's output, each [B, T, D]; mask [B, T] is true on real
        tokens"""
        keys = None if mask is None else mask.bool()[:, None, None, :]
        states = [self.embeddings(ids)]
        for layer in self.encoder["layer"]:
            states.append(layer(states[-1], keys))
        return states

    def forward(self, ids: Tensor, mask: Tensor | None = None) -> Tensor:
        """[B, T] -> pooled state [B, D]: the [CLS] state, or the mean over real tokens"""
        state = self.hidden_states(ids, mask)[-1]
        if self.config.pooling == "cls":
            return state[:, 0]
        if mask is None:
            return state.mean(dim=1)
        weights = mask.to(state.dtype)[..., None]
        return (state * weights).sum(dim=1) / weights.sum(dim=1)
