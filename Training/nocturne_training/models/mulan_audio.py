"""MuLan's audio tower: audio spectrogram transformer, one linear map to the joint space, L2 norm (1.1).

Parameter names are Hugging Face's under `ast.`. Letters: B batch, N samples, F frames, M bands, T tokens, D
width.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..config import Ast as AstConfig
from ..config import Mulan
from ..layers import merge_heads, split_heads
from .filter_bank import filter_bank, resample

EPSILON = 1e-12


class Embeddings(nn.Module):
    """Patches in frequency-major order behind the cls and distillation tokens, plus learned positions."""

    def __init__(self, config: AstConfig) -> None:
        super().__init__()
        tokens = config.grid[0] * config.grid[1]
        self.cls_token = nn.Parameter(torch.zeros(1, 1, config.dim))
        self.distillation_token = nn.Parameter(torch.zeros(1, 1, config.dim))
        self.position_embeddings = nn.Parameter(torch.zeros(1, tokens + 2, config.dim))
        patches = nn.Conv2d(1, config.dim, config.patch, stride=config.stride)
        self.patch_embeddings = nn.ModuleDict({"projection": patches})

    def forward(self, mel: Tensor) -> Tensor:
        """[B, F, M] -> [B, 2 + T, D]"""
        patches = self.patch_embeddings["projection"](mel.transpose(1, 2)[:, None]).flatten(2).transpose(1, 2)
        special = torch.cat((self.cls_token, self.distillation_token), dim=1).expand(mel.shape[0], -1, -1)
        return torch.cat((special, patches), dim=1) + self.position_embeddings


class Layer(nn.Module):
    """Pre-LN transformer block: x += attention(LN x); x += FFN(LN x), GELU with erf."""

    def __init__(self, config: AstConfig) -> None:
        super().__init__()
        dim, self.heads = config.dim, config.heads
        qkv = nn.ModuleDict({name: nn.Linear(dim, dim) for name in ("query", "key", "value")})
        output = nn.ModuleDict({"dense": nn.Linear(dim, dim)})
        self.attention = nn.ModuleDict({"attention": qkv, "output": output})
        self.intermediate = nn.ModuleDict({"dense": nn.Linear(dim, config.ffn)})
        self.output = nn.ModuleDict({"dense": nn.Linear(config.ffn, dim)})
        self.layernorm_before = nn.LayerNorm(dim, eps=EPSILON)
        self.layernorm_after = nn.LayerNorm(dim, eps=EPSILON)

    def forward(self, x: Tensor) -> Tensor:
        """[B, T, D] -> [B, T, D]"""
        normed, parts = self.layernorm_before(x), self.attention["attention"]
        query, key, value = (
            split_heads(parts[name](normed), self.heads) for name in ("query", "key", "value")
        )
        x = x + self.attention["output"]["dense"](
            merge_heads(F.scaled_dot_product_attention(query, key, value))
        )
        return x + self.output["dense"](F.gelu(self.intermediate["dense"](self.layernorm_after(x))))


class Ast(nn.Module):
    """Trunk: normalised filter banks to the mean of the two special tokens."""

    def __init__(self, config: AstConfig) -> None:
        super().__init__()
        self.config = config
        self.embeddings = Embeddings(config)
        self.encoder = nn.ModuleDict({"layer": nn.ModuleList(Layer(config) for _ in range(config.layers))})
        self.layernorm = nn.LayerNorm(config.dim, eps=EPSILON)

    def forward(self, mel: Tensor) -> Tensor:
        """[B, F, M] -> [B, D]"""
        x = self.embeddings(mel)
        for layer in self.encoder["layer"]:
            x = layer(x)
        return self.layernorm(x)[:, :2].mean(dim=1)


class MulanAudio(nn.Module):
    """Keys: `ast.*`, `projection.{weight,bias}`."""

    def __init__(self, config: Mulan) -> None:
        super().__init__()
        self.ast = Ast(config.ast)
        self.projection = nn.Linear(config.ast.dim, config.dim)

    def embed(self, mel: Tensor) -> Tensor:
        """Filter banks [B, F, M] -> unit vectors [B, dim]"""
        return F.normalize(self.projection(self.ast(mel)), dim=-1)

    def forward(self, audio: Tensor) -> Tensor:
        """24 kHz audio [B, N] -> unit vectors [B, dim]"""
        return self.embed(filter_bank(resample(audio), self.ast.config.mel, self.ast.config.frames))

    def long(self, audio: Tensor, window: int = 240_000, stride: int = 24_000) -> Tensor:
        """Audio of any length [N] -> unit vector [dim]: mean over 10 s windows at 1 s stride, normalised
        again"""
        if audio.shape[0] <= window:
            return self(audio[None])[0]
        return F.normalize(self(audio.unfold(0, window, stride)).mean(dim=0), dim=0)
