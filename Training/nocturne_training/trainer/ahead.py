"""Batches made before they are needed, in threads of their own, so that reading and decoding do not hold up
the device. A batch is a pure function of its step, so who made it and when cannot change it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Any

from .randomness import Draw


class Ahead:
    """Makes the batches of steps `first` to `last - 1`, in order, `threads` of them ahead of the one that is
    taken; with none, each is made when it is taken. A context manager; leaving it waits for what is begun.

    The first two are made by who takes them: with the first, a task computes once what it keeps, and while it
    learns from the first, a GPU may be recording (`Replay`) and must not be asked for anything else."""

    def __init__(
        self,
        make: Callable[[list[Draw]], Any],
        draws: Callable[[int], list[Draw]],
        first: int,
        last: int,
        threads: int,
    ) -> None:
        self._make, self._draws, self._next, self._last = make, draws, first, last
        self._pool = ThreadPoolExecutor(threads, "batches") if threads else None
        self._threads, self._first = threads, first
        self._waiting: list[Future[Any]] = []

    def take(self) -> Any:
        """The next batch. Raises what making it raised."""
        if self._waiting:
            batch = self._waiting.pop(0).result()
        else:
            batch = self._make(self._draws(self._next))
            self._next += 1
        begun = self._next > self._first + 1
        while self._pool and begun and len(self._waiting) < self._threads and self._next < self._last:
            # Draws are made here, not in the pool: the order of the examples keeps an epoch's permutation.
            self._waiting.append(self._pool.submit(self._make, self._draws(self._next)))
            self._next += 1
        return batch

    def __enter__(self) -> Ahead:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
