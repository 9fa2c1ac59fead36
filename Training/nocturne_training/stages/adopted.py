"""Stages that learn nothing, because a checkpoint holds what they would leave: so that a model is tuned, or a
part of it learned anew, by whoever has nothing of it but the checkpoint."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from functools import partial

from ..checkpoint import load_module
from ..trainer.errors import TrainingError
from .context import Context
from .registry import Stage
from .weights import write

LEAVES = {
    "encoder": ("vae_encoder",),
    "vae": ("vae_encoder", "vae_decoder"),
    "tokenizer": ("tokenizer",),
    "kmeans": ("tokenizer",),
    "mulan": ("mulan_audio", "mulan_text"),
    "rvq": ("rvq",),
    "mulantuned": ("mulan_text",),
    "lm": ("lm",),
    "dpd": ("dpd",),
    "vaetuned": ("vae_decoder",),
    "lmtuned": ("lm",),
    "lmguided": ("lm",),
    "dpdtuned": ("dpd",),
}
"""The modules of a checkpoint that a stage leaves; a stage that is not here leaves none."""


@dataclass(frozen=True)
class Adopted(Stage):
    """A stage whose modules are those of the checkpoint that the training starts from."""

    def load(self) -> Callable[[Context], None]:
        """See `Stage`."""
        return partial(adopt, stage=self.name)


def adopting(stages: Iterable[Stage], names: Collection[str]) -> tuple[Stage, ...]:
    """The same stages, those of `names` adopted: they need no other."""
    return tuple(_adopted(stage) if stage.name in names else stage for stage in stages)


def _adopted(stage: Stage) -> Adopted:
    return Adopted(
        name=stage.name,
        needs=(),
        sections=stage.sections,
        implementation=stage.implementation,
        learns=False,
        starts=True,
    )


def adopt(context: Context, stage: str) -> None:
    """Writes a stage's modules, f32, as the checkpoint has them. Raises `CheckpointError` where it lacks one
    or where one does not fit the configuration, `TrainingError` where there is no checkpoint."""
    if context.start is None:
        raise TrainingError(f"--adopt {stage}: name the checkpoint to take it from with --from")
    for name in LEAVES[stage]:
        write(context.stage(stage), name, load_module(context.start, name, context.config))
