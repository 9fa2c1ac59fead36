"""HiFi-GAN residual modules and the two asymmetric convolutions of the VAE (5.2, 5.3).

Letters: B batch, C channels, N samples.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

SLOPE = 0.1


class ResBlock(nn.Module):
    """For each dilation: x += conv2(lrelu(conv1(lrelu(x)))), conv1 dilated, lengths kept. Keys: `convs1.{d}`,
    `convs2.{d}`."""

    def __init__(self, channels: int, kernel: int, dilations: tuple[int, ...]) -> None:
        super().__init__()
        same = kernel // 2
        self.convs1 = nn.ModuleList(
            nn.Conv1d(channels, channels, kernel, dilation=d, padding=d * same) for d in dilations
        )
        self.convs2 = nn.ModuleList(nn.Conv1d(channels, channels, kernel, padding=same) for _ in dilations)

    def forward(self, x: Tensor) -> Tensor:
        """[B, C, N] -> [B, C, N]"""
        for first, second in zip(self.convs1, self.convs2, strict=True):
            x = x + second(F.leaky_relu(first(F.leaky_relu(x, SLOPE)), SLOPE))
        return x


class MultiReceptiveField(nn.ModuleList):
    """Mean of residual blocks with different kernels. Keys: `{j}.*`."""

    def __init__(self, channels: int, kernels: tuple[int, ...], dilations: tuple[int, ...]) -> None:
        super().__init__(ResBlock(channels, kernel, dilations) for kernel in kernels)

    def forward(self, x: Tensor) -> Tensor:
        """[B, C, N] -> [B, C, N]"""
        return sum(block(x) for block in self) / len(self)


class Upsample(nn.ConvTranspose1d):
    """[B, C, N] -> [B, C', N * rate] exactly: floor((k - u) / 2) samples trimmed left, the rest of k - u
    right."""

    def __init__(self, inputs: int, outputs: int, kernel: int, rate: int) -> None:
        super().__init__(inputs, outputs, kernel, stride=rate)
        self.trim = (kernel - rate) // 2, kernel - rate - (kernel - rate) // 2

    def forward(self, x: Tensor) -> Tensor:  # type: ignore[override]
        """See the class."""
        full = super().forward(x)
        return full[..., self.trim[0] : full.shape[-1] - self.trim[1]]


class Downsample(nn.Conv1d):
    """[B, C, N] -> [B, C', N / rate] exactly: floor((k - r) / 2) zeros left, the rest of k - r right."""

    def __init__(self, inputs: int, outputs: int, kernel: int, rate: int) -> None:
        super().__init__(inputs, outputs, kernel, stride=rate)
        self.sides = (kernel - rate) // 2, kernel - rate - (kernel - rate) // 2

    def forward(self, x: Tensor) -> Tensor:
        """See the class."""
        return super().forward(F.pad(x, self.sides))


def add_weight_norm(module: nn.Module) -> None:
    """Puts weight norm on every convolution, for training."""
    for part in module.modules():
        if isinstance(part, nn.Conv1d | nn.Conv2d | nn.ConvTranspose1d):
            nn.utils.parametrizations.weight_norm(part, dim=0)


def fold_weight_norm(module: nn.Module) -> None:
    """Turns weight norm back into plain `weight`, as checkpoints store it."""
    for part in module.modules():
        if torch.nn.utils.parametrize.is_parametrized(part, "weight"):
            torch.nn.utils.parametrize.remove_parametrizations(part, "weight")
