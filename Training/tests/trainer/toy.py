"""The smallest task: a line through noisy points."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import torch
from torch import Tensor, nn

from nocturne_training.trainer.distributed import Processes
from nocturne_training.trainer.randomness import Draw
from nocturne_training.trainer.settings import StageSettings
from nocturne_training.trainer.task import Metrics, Task
from nocturne_training.trainer.update import Update

ALONE = Processes(0, 1, torch.device("cpu"))
SETTINGS = StageSettings(
    steps=20, batch=4, learning_rate=0.05, log_every=1, validate_every=5, checkpoint_every=5, ema=0.9
)


class Line(Task):
    """y = 3 x - 1 from 16 points; `poison` names a step whose loss is not a number."""

    stage: ClassVar[str] = "line"

    def __init__(self, poison: int | None = None, processes: Processes = ALONE) -> None:
        torch.manual_seed(1)
        self.net, self.poison, self.processes = nn.Linear(1, 1), poison, processes

    @property
    def modules(self) -> Mapping[str, nn.Module]:
        return {"net": self.net}

    @property
    def groups(self) -> Mapping[str, list[nn.Parameter]]:
        return {"net": list(self.net.parameters())}

    @property
    def examples(self) -> int:
        return 16

    def batch(self, draws: list[Draw]) -> tuple[Tensor, Tensor]:
        x = torch.tensor([[draw.index / 16] for draw in draws])
        noise = torch.stack([torch.randn(1, generator=draw.generator) for draw in draws])
        return x, 3 * x - 1 + 0.01 * noise

    def optimise(self, batch: tuple[Tensor, Tensor], step: int, update: Update) -> Metrics:
        x, y = batch
        # The global generator, as a network's own layers (dropout, Gumbel noise) use it.
        loss = (self.net(x + 0.01 * torch.randn_like(x)) - y).square().mean()
        update("net", loss * float("nan") if step == self.poison else loss)
        return {"loss": loss}

    def validate(self) -> dict[str, float]:
        return {"loss": float((self.net(torch.ones(1, 1)) - 2).square())}

    def exports(self) -> Mapping[str, nn.Module]:
        return {"net": self.net}
