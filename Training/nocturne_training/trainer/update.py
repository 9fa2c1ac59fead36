"""One optimiser step: backward, mean over processes, finiteness, clipping, learning rate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from .distributed import Processes
from .errors import TrainingError
from .learning_rate import factor
from .precision import mixed
from .settings import StageSettings


@dataclass
class Update:
    """Applies losses to parameter groups. `norms` holds the gradient norms of the step before clipping."""

    stage: str
    settings: StageSettings
    groups: Mapping[str, list[nn.Parameter]]
    processes: Processes
    step: int = 0
    norms: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Builds one AdamW a group."""
        settings = self.settings
        fused = self.processes.device.type == "cuda" or None
        self.optimizers = {
            name: torch.optim.AdamW(
                parameters,
                settings.learning_rate,
                tuple(settings.betas),
                weight_decay=settings.weight_decay,
                fused=fused,
            )
            for name, parameters in self.groups.items()
        }

    @property
    def rate(self) -> float:
        """Learning rate of this step."""
        settings = self.settings
        share = factor(self.step, settings.steps, settings.warmup, settings.decay, settings.floor)
        return settings.learning_rate * share

    def autocast(self) -> torch.autocast:
        """Mixed precision where the settings ask for it; losses belong outside, in f32."""
        return mixed(self.processes.device.type, self.settings.precision)

    def __call__(self, group: str, loss: Tensor) -> None:
        """Learns from a scalar loss. Raises `TrainingError` before any weight has changed if it or its
        gradient is not finite on any process."""
        optimizer, parameters = self.optimizers[group], self.groups[group]
        self._require_finite(loss, f"the {group} loss")
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.processes.mean_gradients(parameters)
        limit = self.settings.clip if self.settings.clip > 0 else float("inf")
        norm = torch.nn.utils.clip_grad_norm_(parameters, limit)
        self._require_finite(norm, f"the gradient of the {group} loss")
        self.norms[group] = float(norm)
        for entry in optimizer.param_groups:
            entry["lr"] = self.rate
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)

    def _require_finite(self, value: Tensor, what: str) -> None:
        if self.processes.agree(not bool(torch.isfinite(value))):
            raise TrainingError(f"{self.stage}: {what} is not finite at step {self.step}")
