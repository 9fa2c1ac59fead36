"""Choosing one semantic token from logits, exactly as ARCHITECTURE.md, "Random numbers"."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def probabilities(logits: NDArray[np.float32], temperature: float) -> NDArray[np.float64]:
    """Softmax of logits [V] / temperature in double precision -> [V]; sums run in ascending index order."""
    scaled = logits.astype(np.float64) / temperature
    weights = np.exp(scaled - scaled.max())
    return weights / np.cumsum(weights)[-1]


def kept(chances: NDArray[np.float64], top_k: int, top_p: float) -> NDArray[np.bool_]:
    """Mask [V] of the tokens that stay: the k largest (ties to the lower index; 0 = all), and of those the
    smallest set of largest probabilities whose sum reaches p. The probabilities are not renormalised between
    the two."""
    order = np.argsort(-chances, kind="stable")
    if top_k > 0:
        order = order[:top_k]
    if top_p < 1.0:
        running = np.cumsum(chances[order])
        order = order[: int(np.searchsorted(running, top_p, side="left")) + 1]
    mask = np.zeros(len(chances), dtype=bool)
    mask[order] = True
    return mask


def sample(
    logits: NDArray[np.float32], u: float, temperature: float, top_k: int = 0, top_p: float = 1.0
) -> int:
    """Token index of semantic logits [V] for a uniform number u in (0, 1)"""
    if temperature == 0.0:
        return int(np.argmax(logits))
    chances = probabilities(logits, temperature)
    indices = np.flatnonzero(kept(chances, top_k, top_p))
    running = np.cumsum(chances[indices])
    above = np.flatnonzero(running > u * running[-1])
    return int(indices[above[0] if len(above) else -1])
