"""Exponential moving average of weights (DPD: decay 0.999, model.md section 11)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn


class Average:
    """A second copy of the modules' floating tensors that follows them slowly; early steps use a shorter
    memory, (1 + n) / (10 + n), so that the random start is forgotten."""

    def __init__(self, modules: Mapping[str, nn.Module], decay: float) -> None:
        self.modules, self.decay = modules, decay
        self.values = {key: tensor.detach().clone() for key, tensor in self._tensors()}

    def _tensors(self) -> Iterator[tuple[str, Tensor]]:
        for name, module in self.modules.items():
            for key, tensor in module.state_dict().items():
                if tensor.is_floating_point():
                    yield f"{name}/{key}", tensor

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Follows the weights after step `step`, counted from 0."""
        decay = min(self.decay, (1 + step) / (10 + step))
        own = dict(self._tensors())
        torch._foreach_lerp_([self.values[key] for key in own], list(own.values()), 1.0 - decay)

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Lends the average to the modules; their own weights come back afterwards."""
        own = {key: tensor.detach().clone() for key, tensor in self._tensors()}
        self._fill(self.values)
        try:
            yield
        finally:
            self._fill(own)

    @torch.no_grad()
    def _fill(self, values: Mapping[str, Tensor]) -> None:
        for key, tensor in self._tensors():
            tensor.copy_(values[key])
