"""What the language model has read of a caption before anything is drawn. Letters: R captions, D width."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from .requests import SIZES


class Teller(nn.Linear):
    """One linear map that tells what is stated from the state behind a caption's codes: what is not there
    cannot be drawn. Only tuning asks it."""

    def __init__(self, width: int) -> None:
        super().__init__(width, sum(SIZES))

    def forward(self, state: Tensor) -> list[Tensor]:
        """[R, D] -> logits of each of `STATED` [R, choices]"""
        return list(super().forward(F.layer_norm(state.float(), state.shape[-1:])).split(SIZES, dim=1))
