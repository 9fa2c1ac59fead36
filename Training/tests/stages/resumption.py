"""Trains a task in a directory, and can kill it on the way."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

from nocturne_training.trainer.distributed import Processes
from nocturne_training.trainer.loop import Loop
from nocturne_training.trainer.task import Task

ALONE = Processes(0, 1, torch.device("cpu"))


class Killed(Exception):
    """Stands for a kill at a place where nothing can be saved."""


def train(build: Callable[[], Task], directory: Path, kill_at: int | None = None) -> dict[str, Tensor]:
    """Runs the loop of a fresh task, from the directory's checkpoint if it has one -> all its tensors."""
    task = build()
    optimise = task.optimise

    def mortal(batch, step, update):
        if step == kill_at:
            raise Killed
        return optimise(batch, step, update)

    task.optimise = mortal
    loop = Loop(task, task.settings, ALONE, directory, "the same", shown=False)
    try:
        loop.run()
    except Killed:
        assert loop.step == kill_at
    states = {
        f"{name}/{key}": value for name, m in task.modules.items() for key, value in m.state_dict().items()
    }
    for name, optimizer in loop.update.optimizers.items():
        for index, moments in optimizer.state_dict()["state"].items():
            states |= {f"{name}/{index}/{key}": value for key, value in moments.items()}
    return {key: value.clone() for key, value in states.items()}


def assert_resumes(build: Callable[[], Task], directory: Path, kill_at: int = 3) -> None:
    """A training killed between two checkpoints and begun again ends bit for bit where an undisturbed one
    ends, and not where it was killed."""
    undisturbed = train(build, directory / "undisturbed")
    killed = train(build, directory / "killed", kill_at)
    resumed = train(build, directory / "killed")
    assert undisturbed.keys() == resumed.keys()
    different = [key for key in undisturbed if not torch.equal(undisturbed[key], resumed[key])]
    assert not different
    assert any(not torch.equal(killed[key], resumed[key]) for key in undisturbed)
