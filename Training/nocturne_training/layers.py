"""Pieces that several networks share: RMSNorm, the three-letter MLP of 4.3, rotary positions, multi-head
attention.

Letters: B batch, T positions, D width, H heads, E head width.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class RMSNorm(nn.Module):
    """g * x / sqrt(mean(x^2) + epsilon) over the last axis (section 3). Keys: `weight`."""

    def __init__(self, dim: int, epsilon: float = 1e-6) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(dim))
        self.epsilon = epsilon

    def forward(self, x: Tensor) -> Tensor:
        """[..., D] -> [..., D] in the gain's precision: f32 under autocast, so that residual streams stay
        f32"""
        return F.rms_norm(x.to(self.weight.dtype), self.weight.shape, self.weight, self.epsilon)


class MLP(nn.ModuleDict):
    """RMSNorm(GELU(x W1 + b1) W2 + b2) (4.3), GELU with erf. Keys: `1.*`, `2.*`, `norm.weight`."""

    def __init__(self, input_dim: int, dim: int, epsilon: float) -> None:
        super().__init__(
            {"1": nn.Linear(input_dim, dim), "2": nn.Linear(dim, dim), "norm": RMSNorm(dim, epsilon)}
        )

    def forward(self, x: Tensor) -> Tensor:
        """[..., input_dim] -> [..., D]"""
        return self["norm"](self["2"](F.gelu(self["1"](x))))


def rotary_table(positions: Tensor, head_dim: int, base: float = 10000.0) -> tuple[Tensor, Tensor]:
    """Cosines and sines of p * base^(-2j / E) for (fractional) positions [T] -> two of [T, E / 2], f32
    (7.2)."""
    j = torch.arange(head_dim // 2, dtype=torch.float64, device=positions.device)
    angles = positions.double()[:, None] * base ** (-2.0 * j / head_dim)
    return angles.cos().float(), angles.sin().float()


def rotate(x: Tensor, table: tuple[Tensor, Tensor]) -> Tensor:
    """Rotates planes (j, j + E/2) of [..., T, E] by the table's angles (7.2)."""
    cos, sin = table[0].to(x.dtype), table[1].to(x.dtype)
    a, b = x.chunk(2, dim=-1)
    return torch.cat((a * cos - b * sin, a * sin + b * cos), dim=-1)


def split_heads(x: Tensor, heads: int) -> Tensor:
    """[B, T, D] -> [B, H, T, E]"""
    return x.unflatten(-1, (heads, -1)).transpose(1, 2)


def merge_heads(x: Tensor) -> Tensor:
    """[B, H, T, E] -> [B, T, D]"""
    return x.transpose(1, 2).flatten(2)


class Attention(nn.Module):
    """Multi-head attention with rotary positions on queries and keys. Keys: `{q,k,v,o}.weight` and, unless
    `bias` is off, `{q,k,v,o}.bias`."""

    def __init__(self, dim: int, heads: int, *, bias: bool) -> None:
        super().__init__()
        self.heads = heads
        self.q, self.k = nn.Linear(dim, dim, bias=bias), nn.Linear(dim, dim, bias=bias)
        self.v, self.o = nn.Linear(dim, dim, bias=bias), nn.Linear(dim, dim, bias=bias)

    def keys_values(self, source: Tensor, table: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        """[B, T, D] -> rotated keys and values, each [B, H, T, E]"""
        return rotate(split_heads(self.k(source), self.heads), table), split_heads(self.v(source), self.heads)

    def attend(
        self,
        x: Tensor,
        table: tuple[Tensor, Tensor],
        keys_values: tuple[Tensor, Tensor],
        *,
        causal: bool = False,
    ) -> Tensor:
        """Queries from x [B, T, D] at the table's positions against given keys and values -> [B, T, D]"""
        query = rotate(split_heads(self.q(x), self.heads), table)
        return self.o(merge_heads(_mix(query, *keys_values, causal=causal)))


def _mix(query: Tensor, keys: Tensor, values: Tensor, *, causal: bool) -> Tensor:
    """Queries [B, H, S, E], keys and values [B, H, T, E] -> [B, H, S, E]. On a CPU the fused attention
    takes several times as long in bf16 as in f32 (forward and gradient), so it computes in f32 there."""
    if query.device.type != "cpu" or query.dtype != torch.bfloat16:
        return F.scaled_dot_product_attention(query, keys, values, is_causal=causal)
    with torch.autocast("cpu", enabled=False):
        parts = query.float(), keys.float(), values.float()
        return F.scaled_dot_product_attention(*parts, is_causal=causal).to(query.dtype)
