"""What the language model has read of a caption before anything is drawn. Letters: R captions, D width."""

from __future__ import annotations

from collections.abc import Mapping

import torch.nn.functional as F
from torch import Tensor, nn

from ..trainer.settings import LmNetworkSettings
from .context import Context
from .lm import LmTask
from .requests import SIZES


class Teller(nn.Linear):
    """One linear map that tells what is stated from the state behind a caption's codes: what is not there
    cannot be drawn. Only tuning asks it."""

    def __init__(self, width: int) -> None:
        super().__init__(width, sum(SIZES))

    def forward(self, state: Tensor) -> list[Tensor]:
        """[R, D] -> logits of each of `STATED` [R, choices]"""
        return list(super().forward(F.layer_norm(state.float(), state.shape[-1:])).split(SIZES, dim=1))


class ToldLmTask(LmTask):
    """A language model that a `Teller` learns beside."""

    def __init__(self, context: Context, settings: LmNetworkSettings) -> None:
        super().__init__(context, settings)
        self.teller = Teller(self.config.lm.dim).to(self.processes.device)

    @property
    def modules(self) -> Mapping[str, nn.Module]:
        """See `Task`."""
        return {**super().modules, "teller": self.teller}

    @property
    def groups(self) -> Mapping[str, list[nn.Parameter]]:
        """See `Task`."""
        return {"lm": [*self.lm.parameters(), *self.teller.parameters()]}
