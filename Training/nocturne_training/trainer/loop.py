"""The loop that every trainer shares."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from . import state
from .ahead import Ahead
from .average import Average
from .curves import draw
from .distributed import Processes
from .errors import TrainingError
from .log import Log, progress
from .randomness import Order, generator
from .settings import StageSettings
from .task import Metrics, Task
from .update import Update

STATE = "state.pt"
"""In a stage's folder, its checkpoint."""


@dataclass(frozen=True)
class Outcome:
    """How a run of the loop ended."""

    step: int
    steps: int
    seconds: float
    validation: dict[str, float]
    stopped: bool = False
    """Whether it was asked to stop, be it in its last step."""

    @property
    def finished(self) -> bool:
        """Whether all steps are done."""
        return self.step >= self.steps


class Loop:
    """Trains one task in one directory: `state.pt`, `log.jsonl`, `loss.png`. The same call goes on where a
    killed one's last checkpoint stands, and ends with the weights an undisturbed one has (bit for bit on a
    CPU with the same number of threads)."""

    def __init__(
        self,
        task: Task,
        settings: StageSettings,
        processes: Processes,
        directory: Path,
        identity: str,
        shown: bool = True,
    ) -> None:
        self.task, self.settings, self.processes = task, settings, processes
        self.directory, self.identity, self.shown = directory, identity, shown and processes.first
        self.update = Update(task.stage, settings, task.groups, processes)
        self.average = Average(task.exports(), settings.ema) if settings.ema > 0 else None
        self.order = Order(settings.seed, task.stage, task.examples)
        self.path = directory / STATE
        self.step, self.seconds = 0, 0.0
        if self.path.exists():
            self.step, self.seconds = state.restore(
                self.path, identity, task.modules, self.update, self.average
            )

    def run(self, max_minutes: float | None = None) -> Outcome:
        """Trains to the last step, or until the time is used up or SIGTERM or SIGINT asks for an end; either
        way the state is on disk afterwards. Raises `TrainingError` on a loss that is not finite: the last
        checkpoint stays."""
        started, before = time.monotonic(), self.seconds
        log = Log(self.directory / "log.jsonl", self.step) if self.processes.first else None
        validation: dict[str, float] = {}
        stop = False
        saved = self.step if self.path.exists() else -1
        with (
            _asked_to_stop() as asked,
            progress(self.task.stage, self.step, self.settings.steps, self.shown) as bar,
            self.ahead(self.settings.threads) as batches,
        ):
            while self.step < self.settings.steps:
                metrics = self._step(batches)
                self.seconds = before + time.monotonic() - started
                bar.update()
                last = self.step == self.settings.steps
                if log and (last or self._due(self.settings.log_every)):
                    figures = {key: float(value) for key, value in metrics.items()}
                    log.write(self.step, "train", seconds=self.seconds, rate=self.update.rate, **figures)
                    bar.set_postfix({key: f"{value:.4g}" for key, value in list(figures.items())[:3]})
                if last or self._due(self.settings.validate_every):
                    validation = self._validate(log)
                over = max_minutes is not None and time.monotonic() - started >= 60 * max_minutes
                stop = self.processes.agree(over or bool(asked))
                if last or stop or self._due(self.settings.checkpoint_every):
                    self._save()
                    saved = self.step
                if stop:
                    break
        if log and saved >= 0:
            draw(log.path, self.directory / "loss.png")
        return Outcome(self.step, self.settings.steps, self.seconds, validation, stop)

    def _due(self, every: int) -> bool:
        return every > 0 and self.step % every == 0

    def ahead(self, threads: int) -> Ahead:
        """The batches from the current step to the last."""
        order, processes, size = self.order, self.processes, self.settings.batch
        return Ahead(
            self.task.batch,
            lambda step: order.draws(step, size, processes.rank, processes.world),
            self.step,
            self.settings.steps,
            threads,
        )

    def _step(self, batches: Ahead) -> Metrics:
        processes, settings = self.processes, self.settings
        self.update.step = self.step
        for module in self.task.modules.values():
            module.train()
        # Layers that draw by themselves (dropout, Gumbel noise) use the global generator.
        torch.manual_seed(
            generator(settings.seed, self.task.stage, "step", self.step, processes.rank).initial_seed()
        )
        try:
            metrics = self.task.optimise(batches.take(), self.step, self.update)
        except TrainingError as error:
            kept = (
                f"the last good checkpoint is {self.path}"
                if self.path.exists()
                else "there is no checkpoint yet"
            )
            raise TrainingError(f"{error}; {kept}; lower the learning rate or look at the clips") from None
        if self.average:
            self.average.update(self.step)
        self.step += 1
        shared = {key: _scalar(value, processes.device) for key, value in metrics.items()}
        figures: Metrics = {key: processes.mean(value) for key, value in shared.items()}
        return figures | {f"{name}_norm": norm for name, norm in self.update.norms.items()}

    def _validate(self, log: Log | None) -> dict[str, float]:
        """Figures of the average where there is one; every process computes them, the first one writes
        them."""
        for module in self.task.modules.values():
            module.eval()
        with torch.no_grad(), self.average.applied() if self.average else nullcontext():
            figures = self.task.validate()
        if log:
            log.write(self.step, "valid", seconds=self.seconds, **figures)
        return figures

    def _save(self) -> None:
        if self.processes.first:
            state.save(
                self.path,
                self.identity,
                self.step,
                self.seconds,
                self.task.modules,
                self.update,
                self.average,
            )

    @contextmanager
    def learned(self) -> Iterator[dict[str, Any]]:
        """The modules to export, in evaluation mode and with averaged weights where there are some."""
        modules = dict(self.task.exports())
        for module in modules.values():
            module.eval()
        with self.average.applied() if self.average else nullcontext():
            yield modules


def _scalar(value: float | Tensor, device: torch.device) -> Tensor:
    return torch.as_tensor(value, dtype=torch.float32, device=device).detach().clone()


@contextmanager
def _asked_to_stop() -> Iterator[list[int]]:
    """A list that SIGTERM and SIGINT append to; the previous handlers come back afterwards."""
    asked: list[int] = []
    previous = {
        kind: signal.signal(kind, lambda number, _: asked.append(number))
        for kind in (signal.SIGTERM, signal.SIGINT)
    }
    try:
        yield asked
    finally:
        for kind, handler in previous.items():
            signal.signal(kind, handler)
