"""Dual-path diffusion network: velocity of noisy latents (section 4).

Letters: B batch, L frames, Z latent channels, D width, T semantic tokens, S segments, K segment size.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ..config import Config
from ..layers import MLP, RMSNorm
from .dual_path import DualPathBlock, Positions
from .segments import overlap_add, segment, segment_count


class Angle(nn.Module):
    """E_d = MLP(cos(d) start + sin(d) end), the corrected blend of 4.3. Keys: `start`, `end`, `mlp.*`."""

    def __init__(self, angle_dim: int, dim: int, epsilon: float) -> None:
        super().__init__()
        self.start, self.end = nn.Parameter(torch.randn(angle_dim)), nn.Parameter(torch.randn(angle_dim))
        self.mlp = MLP(angle_dim, dim, epsilon)

    def blend(self, angles: Tensor) -> Tensor:
        """Angles [...] (f32) -> [..., angle_dim], computed in f32 or better"""
        blended = angles.cos()[..., None] * self.start + angles.sin()[..., None] * self.end
        return blended.to(self.start.dtype)

    def forward(self, angles: Tensor) -> Tensor:
        """Angles [B, L] -> E_d [B, L, D]; on a CPU the MLP runs once per distinct angle. A GPU would wait for
        their number."""
        if angles.is_cuda:
            return self.mlp(self.blend(angles))
        distinct, index = torch.unique(angles, return_inverse=True)
        return self.mlp(self.blend(distinct))[index]


class Semantic(nn.Module):
    """E_ST = MLP(E[u]). Keys: `table.weight`, `mlp.*`."""

    def __init__(self, vocab: int, dim: int, epsilon: float) -> None:
        super().__init__()
        self.table = nn.Embedding(vocab, dim)
        self.mlp = MLP(dim, dim, epsilon)

    def forward(self, tokens: Tensor) -> Tensor:
        """Semantic tokens [B, T] -> [B, T, D]"""
        return self.mlp(self.table(tokens))


@dataclass(frozen=True)
class Condition:
    """What does not change from step to step: the pooled tokens [B, D], the number of tokens, and for every
    block and Roformer layer the keys and values of E_ST."""

    pooled: Tensor
    tokens: int
    keys_values: list[list[tuple[Tensor, Tensor]]]


class Dpd(nn.Module):
    """Keys: `input.weight`, `input_norm.weight`, `angle.*`, `semantic.*`, `blocks.{i}.*`,
    `output_norm.weight`, `output.weight`."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        dpd = config.dpd
        self.config = dpd
        self.input = nn.Linear(config.latent_dim, dpd.dim, bias=False)
        self.input_norm = RMSNorm(dpd.dim, dpd.epsilon)
        self.angle = Angle(dpd.angle_dim, dpd.dim, dpd.epsilon)
        self.semantic = Semantic(config.semantic_vocab, dpd.dim, dpd.epsilon)
        self.blocks = nn.ModuleList(DualPathBlock(dpd, index) for index in range(dpd.blocks))
        self.output_norm = RMSNorm(dpd.dim, dpd.epsilon)
        self.output = nn.Linear(dpd.dim, config.latent_dim, bias=False)

    @property
    def head_dim(self) -> int:
        """Width of one attention head."""
        return self.config.dim // self.config.roformer.heads

    def condition(self, tokens: Tensor, *, conditional: bool = True) -> Condition:
        """Semantic tokens [B, T] -> everything of them that every step reuses; keys and values only where
        they will be asked for"""
        embedded = self.semantic(tokens)
        positions = Positions.make(1, tokens.shape[1], self.head_dim, tokens.device)
        keys_values = [
            [layer.cross_attention.keys_values(embedded, positions.keys) for layer in block.roformer]
            for block in (self.blocks if conditional else ())
        ]
        return Condition(embedded.mean(dim=1), tokens.shape[1], keys_values)

    def embed(self, z: Tensor, embedded_angles: Tensor) -> Tensor:
        """H = RMSNorm(z W_in + E_d), segmented: [B, L, Z] and [B, L, D] -> [B, S, K, D]"""
        return segment(self.input_norm(self.input(z) + embedded_angles), self.config.segment)

    def row_conditions(self, embedded_angles: Tensor, pooled: Tensor | None) -> Tensor:
        """m_s = E_d[floor(s L / S)] + mean E_ST, [B, L, D] and [B, D] -> [B, S, D]"""
        frames = embedded_angles.shape[1]
        segments = segment_count(frames, self.config.segment)
        index = torch.arange(segments, device=embedded_angles.device) * frames // segments
        rows = embedded_angles.index_select(1, index)
        return rows if pooled is None else rows + pooled[:, None]

    def forward(
        self, z: Tensor, angles: Tensor, condition: Condition, *, conditional: bool | Tensor = True
    ) -> Tensor:
        """Noisy latents [B, L, Z] at per-frame angles [B, L] (f32) -> velocity [B, L, Z]. Unconditional means
        cross-attention turned into self-attention; the pooled tokens stay in the modulation unless
        `drop_pooled`. A `conditional` [B] says it of each example."""
        embedded_angles = self.angle(angles)
        rows = self.embed(z, embedded_angles)
        given = conditional if isinstance(conditional, Tensor) else None
        heard = given is not None or bool(conditional)
        pooled = condition.pooled if heard or not self.config.drop_pooled else None
        if pooled is not None and given is not None and self.config.drop_pooled:
            pooled = pooled * given[:, None]
        m = self.row_conditions(embedded_angles, pooled)
        positions = Positions.make(rows.shape[1], condition.tokens, self.head_dim, z.device)
        for index, block in enumerate(self.blocks):
            rows = block(rows, m, positions, condition.keys_values[index] if heard else None, given)
        return self.output(self.output_norm(overlap_add(rows, z.shape[1])))
