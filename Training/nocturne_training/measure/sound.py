"""What can be wrong with a waveform, and how loud it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

SILENT_DB = -50.0
"""RMS below which a clip counts as silent; the corpus has none below."""
CLIPPED = 1.0 - 2.0**-15
"""Samples this large in absolute value are at the limit of the format."""
CLIPPED_RUN = 3
"""So many of them in a row are a clipped wave rather than a peak that just touches the limit."""


@dataclass(frozen=True, slots=True)
class Sound:
    """One clip: decibels of full scale of its largest sample and of its power; -120 for digital silence."""

    peak: float
    rms: float
    finite: bool
    clipped: bool

    @property
    def silent(self) -> bool:
        """Whether there is nothing to hear."""
        return self.rms < SILENT_DB

    @property
    def damaged(self) -> bool:
        """Whether a sample is not a number or infinite, or none was made."""
        return not self.finite

    @staticmethod
    def of(audio: np.ndarray) -> Sound:
        """Measures float samples [N]; what is not finite counts as silence beside being reported."""
        finite = bool(np.isfinite(audio).all())
        samples = np.nan_to_num(np.asarray(audio, dtype=np.float64), nan=0.0, posinf=0.0, neginf=0.0)
        size = np.abs(samples)
        at_limit = (size >= CLIPPED).astype(np.int64)
        runs = np.convolve(at_limit, np.ones(CLIPPED_RUN, dtype=np.int64), mode="valid")
        peak, power = float(size.max(initial=0.0)), float(np.square(samples).mean()) if samples.size else 0.0
        return Sound(_decibels(peak), _decibels(power**0.5), finite, bool((runs == CLIPPED_RUN).any()))


@dataclass(frozen=True, slots=True)
class Spread:
    """Where the middle nine tenths of some values lie."""

    low: float
    high: float

    @staticmethod
    def of(values: Sequence[float]) -> Spread:
        """From the 5th to the 95th percentile."""
        return Spread(*(float(value) for value in np.percentile(values, (5, 95))))

    def within(self, others: Sequence[float]) -> bool:
        """Whether it lies inside all of the others' values."""
        return min(others) <= self.low and self.high <= max(others)

    def __str__(self) -> str:
        return f"{self.low:.1f} to {self.high:.1f}"


def _decibels(amplitude: float) -> float:
    return max(-120.0, 20.0 * float(np.log10(amplitude))) if amplitude > 0 else -120.0
