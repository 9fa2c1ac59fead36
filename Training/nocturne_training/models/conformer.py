"""wav2vec2-Conformer encoder with rotary positions (2.1); parameter names are Hugging Face's.

Letters: B batch, N samples, T frames, D width, C extractor channels.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..config import Tokenizer as TokenizerConfig
from ..layers import merge_heads, rotary_table, rotate, split_heads


class ConvolutionLayer(nn.Module):
    """Convolution without bias, per-channel GroupNorm on the first layer only, GELU."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, *, norm: bool) -> None:
        super().__init__()
        self.conv = nn.Conv1d(inputs, outputs, kernel, stride=stride, bias=False)
        self.layer_norm = nn.GroupNorm(outputs, outputs) if norm else None

    def forward(self, x: Tensor) -> Tensor:
        """[B, C, N] -> [B, C', N']"""
        x = self.conv(x)
        return F.gelu(x if self.layer_norm is None else self.layer_norm(x))


class FeedForward(nn.Module):
    """Linear, GELU, linear."""

    def __init__(self, dim: int, inner: int) -> None:
        super().__init__()
        self.intermediate_dense, self.output_dense = nn.Linear(dim, inner), nn.Linear(inner, dim)

    def forward(self, x: Tensor) -> Tensor:
        """[B, T, D] -> [B, T, D]"""
        return self.output_dense(F.gelu(self.intermediate_dense(x)))


class SelfAttention(nn.Module):
    """The reference's quirk: the hidden state is rotated BEFORE the query and key projections, the value is
    not."""

    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.linear_q, self.linear_k = nn.Linear(dim, dim), nn.Linear(dim, dim)
        self.linear_v, self.linear_out = nn.Linear(dim, dim), nn.Linear(dim, dim)

    def forward(self, x: Tensor, table: tuple[Tensor, Tensor]) -> Tensor:
        """[B, T, D] -> [B, T, D]"""
        rotated = merge_heads(rotate(split_heads(x, self.heads), table))
        query, key = self.linear_q(rotated), self.linear_k(rotated)
        heads = (split_heads(part, self.heads) for part in (query, key, self.linear_v(x)))
        return self.linear_out(merge_heads(F.scaled_dot_product_attention(*heads)))


class ConvolutionModule(nn.Module):
    """LN, pointwise to 2 D, GLU, depthwise, BatchNorm, GELU, pointwise; no biases in the convolutions."""

    def __init__(self, dim: int, kernel: int) -> None:
        super().__init__()
        self.layer_norm = nn.LayerNorm(dim)
        self.pointwise_conv1 = nn.Conv1d(dim, 2 * dim, 1, bias=False)
        self.depthwise_conv = nn.Conv1d(dim, dim, kernel, padding=kernel // 2, groups=dim, bias=False)
        self.batch_norm = nn.BatchNorm1d(dim)
        self.pointwise_conv2 = nn.Conv1d(dim, dim, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """[B, T, D] -> [B, T, D]"""
        x = F.glu(self.pointwise_conv1(self.layer_norm(x).transpose(1, 2)), dim=1)
        return self.pointwise_conv2(F.gelu(self.batch_norm(self.depthwise_conv(x)))).transpose(1, 2)


class ConformerBlock(nn.Module):
    """Half FFN, attention, convolution, half FFN, LayerNorm."""

    def __init__(self, config: TokenizerConfig) -> None:
        super().__init__()
        dim = config.dim
        self.ffn1_layer_norm, self.ffn1 = nn.LayerNorm(dim), FeedForward(dim, config.ffn)
        self.self_attn_layer_norm, self.self_attn = nn.LayerNorm(dim), SelfAttention(dim, config.heads)
        self.conv_module = ConvolutionModule(dim, config.depthwise)
        self.ffn2_layer_norm, self.ffn2 = nn.LayerNorm(dim), FeedForward(dim, config.ffn)
        self.final_layer_norm = nn.LayerNorm(dim)

    def forward(self, x: Tensor, table: tuple[Tensor, Tensor]) -> Tensor:
        """[B, T, D] -> [B, T, D]"""
        x = x + 0.5 * self.ffn1(self.ffn1_layer_norm(x))
        x = x + self.self_attn(self.self_attn_layer_norm(x), table)
        x = x + self.conv_module(x)
        return self.final_layer_norm(x + 0.5 * self.ffn2(self.ffn2_layer_norm(x)))


class PositionalConvolution(nn.Module):
    """Reserved: the reference constructs this grouped convolution but never calls it with rotary
    positions."""

    def __init__(self, dim: int, kernel: int, groups: int) -> None:
        super().__init__()
        conv = nn.Module()
        conv.weight_g = nn.Parameter(torch.ones(1, 1, kernel), requires_grad=False)
        conv.weight_v = nn.Parameter(torch.zeros(dim, dim // groups, kernel), requires_grad=False)
        conv.bias = nn.Parameter(torch.zeros(dim), requires_grad=False)
        self.conv = conv


class Encoder(nn.Module):
    """Conformer blocks and a final LayerNorm."""

    def __init__(self, config: TokenizerConfig) -> None:
        super().__init__()
        self.config = config
        self.pos_conv_embed = PositionalConvolution(
            config.dim, config.positional_kernel, config.positional_groups
        )
        self.layers = nn.ModuleList(ConformerBlock(config) for _ in range(config.layers))
        self.layer_norm = nn.LayerNorm(config.dim)

    def blocks(self, x: Tensor, end: int, first: int = 0) -> Tensor:
        """Through blocks `first` to `end - 1`, [B, T, D] -> [B, T, D]"""
        positions = torch.arange(x.shape[1], device=x.device)
        table = rotary_table(positions, self.config.dim // self.config.heads, self.config.rope)
        for layer in self.layers[first:end]:
            x = layer(x, table)
        return x

    def forward(self, x: Tensor) -> Tensor:
        """[B, T, D] -> [B, T, D]"""
        return self.layer_norm(self.blocks(x, len(self.layers)))
