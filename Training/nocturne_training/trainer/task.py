"""What a trainer learns: the part of training that differs from module to module."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

from torch import Tensor, nn

from .distributed import Processes
from .randomness import Draw
from .update import Update

Metrics = dict[str, float | Tensor]


class Task(ABC):
    """One stage of training. The loop owns steps, optimisers, checkpoints and logs; a task owns networks,
    batches and losses. Everything it draws comes from the generators it is given."""

    stage: ClassVar[str]
    processes: Processes
    self_contained: ClassVar[bool] = False
    """Whether `validate` needs no module but those of `exports`."""

    @property
    @abstractmethod
    def modules(self) -> Mapping[str, nn.Module]:
        """Everything with parameters or buffers that a checkpoint must hold, by name."""

    @property
    @abstractmethod
    def groups(self) -> Mapping[str, list[nn.Parameter]]:
        """Parameters by optimiser, one AdamW each; empty where nothing is learned by gradients."""

    @property
    @abstractmethod
    def examples(self) -> int:
        """Size of the training set."""

    @abstractmethod
    def batch(self, draws: list[Draw]) -> Any:
        """The examples of one step, on the task's device; a pure function of the draws."""

    @abstractmethod
    def optimise(self, batch: Any, step: int, update: Update) -> Metrics:
        """One step: computes losses and hands each to `update` with the name of its group; what it returns is
        logged."""

    @abstractmethod
    def validate(self) -> dict[str, float]:
        """Figures on held-out clips, the same ones every time."""

    @abstractmethod
    def exports(self) -> Mapping[str, nn.Module]:
        """The checkpoint's modules (models/modules.py) that this stage has learned, by file name."""
