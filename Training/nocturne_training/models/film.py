"""Feature-wise modulation (4.5). Letters: B batch, S segments, K segment size, D width."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ..layers import MLP


class FilmMlp3(nn.Module):
    """MLP_o(x * MLP_g(m) + MLP_b(m)). Keys: `{gamma,beta,output}.{1,2}.{weight,bias}`, `.norm.weight`."""

    def __init__(self, dim: int, epsilon: float) -> None:
        super().__init__()
        self.gamma, self.beta, self.output = (MLP(dim, dim, epsilon) for _ in range(3))
        with torch.no_grad():
            for mlp, bias in ((self.gamma, 1.0), (self.beta, 0.0)):
                mlp["2"].weight.mul_(0.02)
                mlp["2"].bias.fill_(bias)
            # The RMSNorm would blow the small shift up again; a small gain keeps it near zero.
            self.beta["norm"].weight.fill_(0.02)

    def forward(self, x: Tensor, m: Tensor) -> Tensor:
        """x [B, S, K, D], m [B, S, D] -> [B, S, K, D]"""
        return self.output(x * self.gamma(m)[:, :, None] + self.beta(m)[:, :, None])


class FilmAffine(nn.Module):
    """gamma(m) * x + beta(m) with two linear maps. Keys: `{gamma,beta}.{weight,bias}`."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.gamma, self.beta = nn.Linear(dim, dim), nn.Linear(dim, dim)

    def forward(self, x: Tensor, m: Tensor) -> Tensor:
        """x [B, S, K, D], m [B, S, D] -> [B, S, K, D]"""
        return self.gamma(m)[:, :, None] * x + self.beta(m)[:, :, None]


def make_film(kind: str, dim: int, epsilon: float) -> nn.Module:
    """The modulation that `dpd.film` names."""
    return FilmMlp3(dim, epsilon) if kind == "mlp3" else FilmAffine(dim)
