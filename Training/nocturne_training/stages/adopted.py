"""Stages that learn nothing, because a checkpoint holds what they would leave: so that a model is tuned, or a
part of it learned anew, by whoever has nothing of it but the checkpoint."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from functools import partial

from ..checkpoint import load_module
from ..models.modules import BUILDERS
from ..trainer.errors import TrainingError
from .context import Context
from .registry import STAGES, Stage
from .weights import write

ADOPTABLE = tuple(stage.name for stage in STAGES if not BUILDERS.keys().isdisjoint(stage.leaves))
"""The stages that leave modules of a checkpoint."""


@dataclass(frozen=True)
class Adopted(Stage):
    """A stage whose modules are those of the checkpoint that the training starts from."""

    def load(self) -> Callable[[Context], None]:
        """See `Stage`."""
        return partial(adopt, stage=self.name, modules=self.leaves)


def adopting(stages: Iterable[Stage], names: Collection[str]) -> tuple[Stage, ...]:
    """The same stages, those of `names` adopted: they need no other."""
    return tuple(
        Adopted(stage.name, (), stage.leaves, stage.sections, stage.implementation, learns=False, starts=True)
        if stage.name in names
        else stage
        for stage in stages
    )


def adopt(context: Context, stage: str, modules: Iterable[str]) -> None:
    """Writes a stage's modules, f32, as the checkpoint has them. Raises `CheckpointError` where it lacks one
    or where one does not fit the configuration, `TrainingError` where there is no checkpoint."""
    if context.start is None:
        raise TrainingError(f"--adopt {stage}: name the checkpoint to take it from with --from")
    for name in modules:
        write(context.stage(stage), name, load_module(context.start, name, context.config))
