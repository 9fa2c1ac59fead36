"""Tensors computed once and kept in memory, up to a limit."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor


class Kept:
    """What does not fit is computed again each time it is asked for, to the same values."""

    def __init__(self, megabytes: int) -> None:
        self.room = megabytes * 1_000_000
        self._kept: dict[str, Tensor] = {}

    def get(self, key: str, compute: Callable[[], Tensor]) -> Tensor:
        """The tensor of this key."""
        if key in self._kept:
            return self._kept[key]
        value = compute()
        if value.nbytes <= self.room:
            self.room -= value.nbytes
            self._kept[key] = value
        return value
