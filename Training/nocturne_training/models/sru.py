"""Simple recurrent unit, bidirectional, highway skip without projection (7.1).

Letters: B rows, K steps, D width, U units per direction (2 U = D), 2 directions (0 forward, 1 backward).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from .sru_scan import scan


class SruLayer(nn.Module):
    """Keys: `weight [2 U 3, D]` (row = direction, unit, matrix), `weight_c [2 gates, 2, U]`, `bias`
    likewise; the gates are forget, reset."""

    def __init__(self, dim: int, units: int, highway_bias: float) -> None:
        super().__init__()
        if 2 * units != dim:
            raise ValueError(f"2 * {units} units do not give width {dim}")
        self.units = units
        self.alpha = math.sqrt(1.0 + 2.0 * math.exp(highway_bias))
        self.weight = nn.Parameter(torch.empty(2 * units * 3, dim))
        self.weight_c = nn.Parameter(torch.empty(2, 2, units))
        self.bias = nn.Parameter(torch.empty(2, 2, units))
        self.reset_parameters(highway_bias)

    @torch.no_grad()
    def reset_parameters(self, highway_bias: float) -> None:
        """Weights of variance 1 / D, gates scaled by sqrt(1/2), forget bias 0, reset bias the highway
        bias."""
        bound, gate = math.sqrt(3.0 / self.weight.shape[1]), math.sqrt(0.5)
        self.weight.uniform_(-bound, bound)
        self.weight.view(2, self.units, 3, -1)[:, :, 1:].mul_(gate)
        self.weight_c.uniform_(-math.sqrt(3.0) * gate, math.sqrt(3.0) * gate)
        self.bias[0].zero_()
        self.bias[1].fill_(highway_bias)

    def forward(self, x: Tensor) -> Tensor:
        """[B, K, D] -> [B, K, D]. The matrix products are one GEMM over all steps; the scan is a loop
        of element-wise steps in which the backward direction walks the reversed sequence. Under autocast only
        the product is rounded: gates and cells stay in the parameters' precision."""
        batch, steps, dim = x.shape
        x, product = x.to(self.bias.dtype), x @ self.weight.T
        gates = product.to(self.bias.dtype).view(batch, steps, 2, self.units, 3).permute(4, 1, 2, 0, 3)
        candidate, forget_in, reset_in = _reverse_backward(gates)
        forget_in = forget_in + self.bias[0, :, None]
        forget_c, reset_c = self.weight_c[0, :, None], self.weight_c[1, :, None]
        cells = scan(candidate, forget_in, forget_c)
        reset = torch.addcmul(reset_in + self.bias[1, :, None], reset_c, cells[:-1]).sigmoid_()
        skip = _reverse_backward(x.view(batch, steps, 2, self.units).permute(1, 2, 0, 3)[None])[0]
        out = _reverse_backward(torch.lerp(self.alpha * skip, cells[1:], reset)[None])[0]
        return out.permute(2, 0, 1, 3).reshape(batch, steps, dim)


def _reverse_backward(x: Tensor) -> Tensor:
    """[n, K, 2, B, U] with the steps of direction 1 reversed, contiguous"""
    return torch.stack((x[:, :, 0], x[:, :, 1].flip(1)), dim=2)


class Sru(nn.ModuleList):
    """A stack of layers; layer l + 1 sees both directions of layer l."""

    def __init__(self, dim: int, units: int, layers: int, highway_bias: float) -> None:
        super().__init__(SruLayer(dim, units, highway_bias) for _ in range(layers))

    def forward(self, x: Tensor) -> Tensor:
        """[B, K, D] -> [B, K, D]"""
        for layer in self:
            x = layer(x)
        return x
