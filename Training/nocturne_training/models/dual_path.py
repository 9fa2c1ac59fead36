"""Roformer layer (coarse path) and dual-path block (4.5).

Letters: B batch, S segments, K segment size, C merged columns, D width, T semantic tokens, H heads, E head
width.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..config import Dpd as DpdConfig
from ..layers import Attention, RMSNorm, rotary_table
from .film import make_film
from .segments import merge, merge_window, repeat
from .sru import Sru

Table = tuple[Tensor, Tensor]
Semantic = tuple[Tensor, Tensor]
"""Keys and values [B, H, T, E] of the semantic tokens."""


@dataclass(frozen=True)
class Positions:
    """Rotary tables of one clip length: rows at s, queries at s T / S, keys at t (4.5)."""

    rows: Table
    queries: Table
    keys: Table

    @staticmethod
    def make(segments: int, tokens: int, head_dim: int, device: torch.device) -> Positions:
        """Tables for S segments and T semantic tokens."""
        rows = torch.arange(segments, device=device, dtype=torch.float64)
        keys = torch.arange(tokens, device=device, dtype=torch.float64)
        return Positions(
            rotary_table(rows, head_dim),
            rotary_table(rows * tokens / segments, head_dim),
            rotary_table(keys, head_dim),
        )


class RoformerLayer(nn.Module):
    """x += SA(norm0 x); x += CA(norm1 x, E_ST); x += FFN(norm2 x). Unconditionally, the cross-attention's
    own weights read the column itself, everything at row positions."""

    def __init__(self, dim: int, heads: int, ffn: int, epsilon: float) -> None:
        super().__init__()
        self.self_attention = Attention(dim, heads, bias=True)
        self.cross_attention = Attention(dim, heads, bias=True)
        self.ffn = nn.ModuleDict({"1": nn.Linear(dim, ffn), "2": nn.Linear(ffn, dim)})
        self.norms = nn.ModuleList(RMSNorm(dim, epsilon) for _ in range(3))

    def forward(
        self, x: Tensor, positions: Positions, semantic: Semantic | None, given: Tensor | None = None
    ) -> Tensor:
        """Columns [B * C, S, D] -> [B * C, S, D]. Where `given` [B * C, 1, 1] is false, or all over without
        `semantic`, a column is unconditional."""
        normed = self.norms[0](x)
        x = x + _listen(self.self_attention, normed, positions.rows)
        normed = self.norms[1](x)
        if semantic is None:
            heard = _listen(self.cross_attention, normed, positions.rows)
        else:
            heard = self._cross(normed, positions, semantic)
            if given is not None:
                heard = torch.where(given, heard, _listen(self.cross_attention, normed, positions.rows))
        x = x + heard
        return x + self.ffn["2"](F.gelu(self.ffn["1"](self.norms[2](x))))

    def _cross(self, normed: Tensor, positions: Positions, semantic: Semantic) -> Tensor:
        columns = normed.shape[0] // semantic[0].shape[0]
        shared = tuple(
            part.repeat_interleave(columns, dim=0) if part.shape[0] > 1 else part for part in semantic
        )
        shared = tuple(part.expand(normed.shape[0], -1, -1, -1) for part in shared)
        return self.cross_attention.attend(normed, positions.queries, shared)


def _listen(attention: Attention, x: Tensor, table: Table) -> Tensor:
    """A column's attention to itself, [B * C, S, D] -> [B * C, S, D]"""
    return attention.attend(x, table, attention.keys_values(x, table))


PEAK = 7.0
"""How far the logit of tokens at the same time stands above that of others at the start."""
SLOWEST = 0.04
"""Radians a token of the slowest rotation that tells times apart at the start."""


@torch.no_grad()
def start_aligned(network: nn.Module) -> None:
    """Lets every cross-attention begin with the tokens of its own time: biases of queries and keys that
    rotary positions turn into a sum of cosines of the distance. From a random start each row sees the mean of
    all tokens, and learns for thousands of steps without them."""
    for layer in network.modules():
        if not isinstance(layer, RoformerLayer):
            continue
        attention = layer.cross_attention
        width = attention.q.out_features // attention.heads
        turns = 10000.0 ** (-2.0 * torch.arange(width // 2) / width)
        quick = (turns >= SLOWEST).float()
        bias = torch.cat([quick, torch.zeros(width // 2)]) * (PEAK * width**0.5 / quick.sum()) ** 0.5
        for projection in (attention.q, attention.k):
            projection.bias.copy_(bias.repeat(attention.heads))


class DualPathBlock(nn.Module):
    """Block i: coarse Roformer over S for merged columns, fine SRU over K modulated per row. Keys:
    `roformer.{l}.*`, `sru.{l}.*`, `film.*`, `norms.{coarse,fine}.weight`."""

    def __init__(self, config: DpdConfig, index: int) -> None:
        super().__init__()
        roformer = config.roformer
        self.window = merge_window(index, config.blocks)
        self.roformer = nn.ModuleList(
            RoformerLayer(config.dim, roformer.heads, roformer.ffn, config.epsilon)
            for _ in range(roformer.layers)
        )
        self.sru = Sru(config.dim, config.sru.units, config.sru.layers, config.sru.highway_bias)
        self.film = make_film(config.film, config.dim, config.epsilon)
        self.norms = nn.ModuleDict({name: RMSNorm(config.dim, config.epsilon) for name in ("coarse", "fine")})

    def coarse(
        self,
        rows: Tensor,
        positions: Positions,
        semantic: list[Semantic] | None,
        given: Tensor | None = None,
    ) -> Tensor:
        """[B, S, K, D] -> repeated Roformer output [B, S, K, D]"""
        batch, segments, size, dim = rows.shape
        merged = merge(rows, self.window)
        columns = merged.transpose(1, 2).reshape(-1, segments, dim)
        if given is not None:
            given = given.repeat_interleave(merged.shape[2])[:, None, None]
        for index, layer in enumerate(self.roformer):
            columns = layer(columns, positions, None if semantic is None else semantic[index], given)
        merged = columns.reshape(batch, -1, segments, dim).transpose(1, 2)
        return repeat(merged, self.window, size)

    def fine(self, rows: Tensor, m: Tensor) -> Tensor:
        """[B, S, K, D] and row conditions [B, S, D] -> modulated SRU output [B, S, K, D]"""
        return self.film(self.sru(rows.flatten(0, 1)).view_as(rows), m)

    def forward(
        self,
        rows: Tensor,
        m: Tensor,
        positions: Positions,
        semantic: list[Semantic] | None,
        given: Tensor | None = None,
    ) -> Tensor:
        """[B, S, K, D] -> [B, S, K, D]; `semantic` is of each Roformer layer, or None; `given` [B] says which
        examples are conditional, all if left out"""
        rows = self.norms["coarse"](rows + self.coarse(rows, positions, semantic, given))
        return self.norms["fine"](rows + self.fine(rows, m))
