"""A step's forward and backward as one recording that a GPU plays back: a small network is hundreds of
kernels of microseconds each, and launching them one by one takes several times as long as running them."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn


class Replay:
    """Calls `objective`, a function of tensors that returns the loss first and holds no control flow that
    depends on their values. On a GPU the first call records it as CUDA graphs, with the gradients of
    `network`, and later ones, of batches of the same shapes, play them back; what they return is overwritten
    by the next. Elsewhere it is the function itself."""

    def __init__(
        self, objective: Callable[..., tuple[Tensor, ...]], network: nn.Module, device: torch.device
    ) -> None:
        self._call: Callable[..., tuple[Tensor, ...]] = objective
        self._recorder = _Objective(objective, network) if device.type == "cuda" else None

    def __call__(self, *batch: Tensor) -> tuple[Tensor, ...]:
        """The batch's parts -> the loss and what else the objective returns"""
        if self._recorder is not None:
            # Recording runs the objective several times, whose dropout must not be the first step's.
            with torch.random.fork_rng(devices=[batch[0].device]):
                self._call = torch.cuda.make_graphed_callables(self._recorder, batch, allow_unused_input=True)
            self._recorder = None
        return self._call(*batch)


class _Objective(nn.Module):
    """The function with the parameters that it has gradients for."""

    def __init__(self, function: Callable[..., tuple[Tensor, ...]], network: nn.Module) -> None:
        super().__init__()
        self.function, self.network = function, network

    def forward(self, *batch: Tensor) -> tuple[Tensor, ...]:
        return self.function(*batch)
