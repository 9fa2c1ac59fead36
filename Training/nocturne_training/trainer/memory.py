"""How the process keeps its memory."""

from __future__ import annotations

import ctypes

_ARENA_MAX, _MMAP_MAX, _TOP_PAD, _TRIM_THRESHOLD = -8, -4, -2, -1
"""Parameters of mallopt(3)."""


def keep_freed() -> None:
    """Keeps memory that was freed for the next step, which wants as much again. Left to itself, glibc gives
    the large tensors of a step on a CPU back to the system, which clears every page of them at the next one.
    Does nothing where the C library has no such setting."""
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return
    for parameter, value in ((_ARENA_MAX, 1), (_MMAP_MAX, 0), (_TOP_PAD, 1 << 26), (_TRIM_THRESHOLD, -1)):
        mallopt(parameter, value)
