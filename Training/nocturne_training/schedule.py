"""Angle schedules (4.1) and guidance (6.1)."""

from __future__ import annotations

import math
from typing import Literal

Schedule = Literal["linear", "uniform"]


def steps(kind: Schedule, count: int) -> list[float]:
    """Angle steps w in the order of use (t = T down to 1); they sum to pi / 2."""
    if kind == "uniform":
        return [math.pi / (2 * count)] * count
    slope = 2.0 * math.pi / (3.0 * count * (count + 1))
    return [math.pi / (6.0 * count) + slope * t for t in range(count, 0, -1)]


def angles(kind: Schedule, count: int) -> list[float]:
    """Angles visited, T + 1 of them from pi / 2 to 0; the network sees all but the last."""
    visited = [math.pi / 2]
    for step in steps(kind, count):
        visited.append(visited[-1] - step)
    visited[-1] = 0.0
    return visited
