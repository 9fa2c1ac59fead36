"""Runs stages in order: what is finished and unchanged is passed over, what was interrupted goes on, what
has changed inputs is put aside and begun again."""

from __future__ import annotations

import time
from collections.abc import Collection
from itertools import count
from pathlib import Path

from ..checkpoint import digest
from ..stages.adopted import adopting
from ..stages.context import Context
from ..stages.registry import Stage, stages_of
from ..stages.weights import fill_from, write
from ..trainer import state
from ..trainer.errors import TrainingError
from ..trainer.loop import STATE, Loop
from ..trainer.task import Task
from .record import Record, identity


class Runner:
    """One run directory, stage by stage. `deadline` is a monotonic time after which learning stops with a
    checkpoint; `adopted` names stages whose modules are those of the checkpoint that the training starts
    from."""

    def __init__(
        self,
        context: Context,
        *,
        deadline: float | None = None,
        shown: bool = True,
        adopted: Collection[str] = (),
    ) -> None:
        self.context, self.deadline, self.shown, self.adopted = context, deadline, shown, adopted
        self.processes = context.processes
        self.stopped = False

    def run(self, names: tuple[str, ...], redo: tuple[str, ...] = ()) -> bool:
        """Runs the named stages; whether all of them are finished. Raises `TrainingError`, `CorpusError`."""
        stages = adopting(stages_of(self.context.settings), self.adopted)
        for stage in (stage for stage in stages if stage.name in names):
            if self.stopped:
                self.say(f"{stage.name}: not begun; the same command goes on")
                return False
            if not self._run(stage, stage.name in redo):
                return False
        return True

    def say(self, text: str) -> None:
        """One line for the person who waits."""
        if self.processes.first:
            print(text, flush=True)

    def inputs(self, stage: Stage) -> dict[str, str]:
        """Digest of every input. Raises `TrainingError` where an earlier stage is not finished."""
        found = {}
        for name in stage.needs:
            if name == "corpus":
                found[name] = self.context.corpus.digest
                continue
            record = Record.read(self.context.stage(name))
            if record is None:
                raise TrainingError(
                    f"{self.context.stage(name)}: not finished, and {stage.name} needs it; run it first"
                )
            found[name] = record.digest
        if stage.starts and self.context.start is not None:
            manifest = self.context.start / "manifest.json"
            if not manifest.exists():
                raise TrainingError(f"{manifest}: missing; --from takes a checkpoint directory")
            found["start"] = digest(manifest)
        return found

    def _run(self, stage: Stage, redo: bool) -> bool:
        inputs = self.inputs(stage)
        wanted = identity(stage, self.context.config, self.context.settings, inputs)
        directory = self.context.stage(stage.name)
        record = Record.read(directory)
        own = getattr(self.context.settings, stage.name, None)
        steps = getattr(own, "steps", 0) if stage.learns else 0
        if record and record.identity == wanted and record.steps == steps and not redo:
            self.say(f"{stage.name}: finished, inputs unchanged")
            return True
        if redo or self._foreign(directory, record, wanted):
            self._put_aside(directory, "redone" if redo else "its inputs changed")
        self.processes.barrier()
        directory.mkdir(parents=True, exist_ok=True)
        return (
            self._learn(stage, directory, wanted) if stage.learns else self._compute(stage, directory, wanted)
        )

    def _foreign(self, directory: Path, record: Record | None, wanted: str) -> bool:
        """Whether the folder holds another training's work."""
        if record:
            return record.identity != wanted
        path = directory / STATE
        return path.exists() and state.read(path, self.processes.device)["identity"] != wanted

    def _put_aside(self, directory: Path, reason: str) -> None:
        self.processes.barrier()
        if not directory.exists() or not self.processes.first:
            return
        aside = directory.parent / "aside"
        aside.mkdir(exist_ok=True)
        place = next(
            path for number in count(1) if not (path := aside / f"{directory.name}-{number}").exists()
        )
        directory.rename(place)
        self.say(f"{directory.name}: {reason}; what was there is now {place}")

    def _learn(self, stage: Stage, directory: Path, wanted: str) -> bool:
        task = stage.load()(self.context)
        assert task is not None
        if stage.starts:
            self._start(task)
        settings = getattr(self.context.settings, stage.name)
        loop = Loop(task, settings, self.processes, directory, wanted, self.shown)
        left = None if self.deadline is None else max(0.0, self.deadline - time.monotonic()) / 60
        if loop.step > settings.steps:
            raise TrainingError(
                f"{directory}: has learned {loop.step} steps, more than the {settings.steps} asked for; "
                f"set {stage.name}.steps to as many or more, or --redo {stage.name}"
            )
        outcome = loop.run(left)
        self.stopped = outcome.stopped
        if not outcome.finished:
            self.say(
                f"{stage.name}: stopped at step {outcome.step} of {outcome.steps}; the same command goes on"
            )
            return False
        if self.processes.first:
            with loop.learned() as modules:
                for name, module in modules.items():
                    write(directory, name, module)
            self._finish(stage, directory, wanted, outcome.steps, outcome.seconds, outcome.validation)
        self.processes.barrier()
        return True

    def _start(self, task: Task) -> None:
        """Fills what is learned by gradients from the checkpoint to start from; not what is exported and
        learned by an earlier stage, as the tokenizer is by the one that gives it centres."""
        for name, module in task.exports().items() if task.groups else ():
            if name not in task.modules:
                continue
            if path := fill_from(self.context.start, name, module):
                self.say(f"{task.stage}: {name} starts from {path}")

    def _compute(self, stage: Stage, directory: Path, wanted: str) -> bool:
        started = time.monotonic()
        if self.processes.first:
            figures = stage.load()(self.context) or {}
            self._finish(stage, directory, wanted, 0, time.monotonic() - started, figures)
        self.processes.barrier()
        return True

    def _finish(
        self,
        stage: Stage,
        directory: Path,
        wanted: str,
        steps: int,
        seconds: float,
        figures: dict[str, float],
    ) -> None:
        record = Record.of(
            stage.name,
            wanted,
            directory,
            steps=steps,
            seconds=seconds,
            device=self.processes.device.type,
            figures=figures,
            settings=getattr(self.context.settings, stage.name, None),
        )
        record.write(directory)
        shown = ", ".join(f"{key} {value:.4g}" for key, value in figures.items())
        self.say(f"{stage.name}: done in {seconds / 60:.1f} min{': ' if shown else ''}{shown}")
