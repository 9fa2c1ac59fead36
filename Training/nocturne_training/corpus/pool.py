"""Tasks on one or more processes, as they are finished."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from typing import Any, TypeVar

from .dataset import CorpusError

Task = TypeVar("Task")
Result = TypeVar("Result")


def run(
    tasks: Sequence[Task],
    work: Callable[[Task], Result],
    start: Callable[..., None],
    arguments: tuple[Any, ...],
    workers: int,
) -> Iterator[tuple[Task, Result]]:
    """Tasks with their results; `start(*arguments)` prepares each process. One worker works in this process.

    Raises CorpusError where a process dies, and whatever `work` raises.
    """
    if workers == 1 or len(tasks) < 2:
        if tasks:
            start(*arguments)
        yield from ((task, work(task)) for task in tasks)
        return
    # Forked children would share the state of libraries that this process has already used.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(workers, len(tasks)), context, _prepare, (start, arguments)) as executor:
        waiting = {executor.submit(work, task): task for task in tasks}
        try:
            for future in as_completed(waiting):
                yield waiting[future], future.result()
        except BrokenProcessPool:
            raise CorpusError("a worker died (out of memory?): run the command again to go on") from None
        finally:
            executor.shutdown(wait=True, cancel_futures=True)


def _prepare(start: Callable[..., None], arguments: tuple[Any, ...]) -> None:
    # An interrupt is for the parent, which then ends its processes in order.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    start(*arguments)


def _end_with_parent() -> None:
    # A killed parent cannot say goodbye, and its workers would wait for tasks for ever.
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)
