"""The curve that turns loudness into the latents of a tone bank and back, from leaky rectifiers: near to a
logarithm over 40 dB, straight between its knots and beyond the last."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from .residual import SLOPE

KNOTS = (0.0, 0.01, 0.05, 0.25)
"""Where the curve bends, as shares of the loudest."""


def curve(x: Tensor) -> Tensor:
    """log(1 + 100 x) / log(101) at the knots and at 1, straight between: 0 -> 0, 1 -> 1"""
    knots = torch.tensor([*KNOTS, 1.0], dtype=x.dtype)
    heights = _smooth(knots)
    right = torch.bucketize(x, knots[1:-1], right=True)
    slopes = (heights[1:] - heights[:-1]) / (knots[1:] - knots[:-1])
    return heights[right] + slopes[right] * (x - knots[right])


def _smooth(x: Tensor) -> Tensor:
    return torch.log1p(100.0 * x) / math.log(101.0)


def knots() -> tuple[Tensor, Tensor]:
    """The knots and the curve's heights there, f32, each [len(KNOTS)]"""
    places = torch.tensor(KNOTS)
    return places, _smooth(places)


def pieces(*, inverse: bool) -> tuple[Tensor, float]:
    """Weights [len(KNOTS)] and a constant with which sum(weight * lrelu(x - knot)) + constant is the curve
    for x >= 0; of the inverse curve, x and the knots are heights."""
    places, heights = torch.tensor([*KNOTS, 1.0]), _smooth(torch.tensor([*KNOTS, 1.0]))
    before, after = (heights, places) if inverse else (places, heights)
    slopes = (after[1:] - after[:-1]) / (before[1:] - before[:-1])
    count = len(KNOTS)
    # Left of its knot a rectifier leaks.
    shares = torch.full((count, count), SLOPE, dtype=torch.float64).triu(1) + torch.ones(count, count).tril()
    weights = torch.linalg.solve(shares, slopes.double()).float()
    return weights, -float((weights * F.leaky_relu(-before[:-1], SLOPE)).sum())
