"""Learning rate over the steps: linear warm-up, then one of four decays."""

from __future__ import annotations

import math
from typing import Literal

Decay = Literal["constant", "linear", "cosine", "exponential"]


def factor(step: int, steps: int, warmup: int, decay: Decay, floor: float) -> float:
    """Share of the peak learning rate used by `step` (counted from 0); every decay but `constant` ends at
    `floor`."""
    if step < warmup:
        return (step + 1) / warmup
    progress = min(1.0, (step - warmup) / max(1, steps - warmup))
    if decay == "linear":
        return 1.0 - (1.0 - floor) * progress
    if decay == "cosine":
        return floor + (1.0 - floor) * 0.5 * (1.0 + math.cos(math.pi * progress))
    if decay == "exponential":
        return floor**progress
    return 1.0
