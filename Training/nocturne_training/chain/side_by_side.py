"""Stages as processes of their own, each begun as soon as what it needs is finished: for a GPU, which one
stage does not fill."""

from __future__ import annotations

import ctypes
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from ..stages.registry import Stage
from ..trainer import log

UNFINISHED = 75
"""Exit code of a stage that stopped with a checkpoint (EX_TEMPFAIL)."""
LOOK = 0.2
"""Seconds between two looks at the running stages."""


class SideBySide:
    """At most `jobs` stages at a time. `command` gives the words that run one stage; `directory` is the
    run's, where logs tell how far they are, which is said every `tell` seconds (0: never)."""

    def __init__(
        self, command: Callable[[Stage], list[str]], directory: Path, jobs: int, *, tell: float = 0.0
    ) -> None:
        self.command, self.directory, self.jobs, self.tell = command, directory, jobs, tell
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self.waiting: list[Stage] = []
        self.unfinished: set[str] = set()
        self.code = 0

    def run(self, stages: Sequence[Stage]) -> int:
        """The exit code: 0 where all stages are finished, 75 where one stopped before its end, else that of
        the first that failed, whereupon the others stop with a checkpoint."""
        self.waiting, self.unfinished = list(stages), {stage.name for stage in stages}
        previous = {kind: signal.signal(kind, self._stop) for kind in (signal.SIGTERM, signal.SIGINT)}
        told = time.monotonic()
        try:
            self._begin()
            while self.running:
                time.sleep(LOOK)
                self._look()
                self._begin()
                if self.tell and time.monotonic() - told >= self.tell:
                    told = time.monotonic()
                    print(", ".join(map(self._standing, self.running)), flush=True)
        finally:
            self._stop()
            for process in self.running.values():
                process.wait()
            for kind, handler in previous.items():
                signal.signal(kind, handler)
        return self.code or (UNFINISHED if self.unfinished else 0)

    def _begin(self) -> None:
        """Begins what is ready. A stage that stopped early keeps back only those that need it."""
        ready = [stage for stage in self.waiting if not self.unfinished.intersection(stage.needs)]
        for stage in ready[: self.jobs - len(self.running)]:
            self.waiting.remove(stage)
            self.running[stage.name] = subprocess.Popen(self.command(stage), preexec_fn=_end_with_parent)

    def _look(self) -> None:
        """Notes who has ended."""
        for name, process in list(self.running.items()):
            code = process.poll()
            if code is None:
                continue
            del self.running[name]
            if code == 0:
                self.unfinished.remove(name)
            elif code not in (UNFINISHED, -signal.SIGTERM):
                self.code = self.code or max(code, 1)
                self._stop()
                if code < 0:
                    kind = signal.Signals(-code).name
                    print(f"error: {name}: killed by {kind}; the same command goes on", file=sys.stderr)

    def _stop(self, *_: object) -> None:
        """Begins nothing more, and asks who runs for an end."""
        self.waiting.clear()
        for process in self.running.values():
            process.terminate()

    def _standing(self, name: str) -> str:
        entries = log.read(self.directory / name / "log.jsonl")
        return f"{name} at step {entries[-1]['step']}" if entries else name


def _end_with_parent() -> None:
    """A stage whose chain is killed stops with a checkpoint, too, so that the next chain meets nobody."""
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG
