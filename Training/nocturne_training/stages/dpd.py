"""Dual-path diffusion trainer (4.2, 4.5). Letters: B batch, L latent frames, Z latent channels, M chunks, T
semantic tokens."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from ..losses.diffusion import chunk_angles, clean, noisy, velocity, weights
from ..models.dpd import Dpd
from ..models.dual_path import start_aligned
from ..trainer.errors import TrainingError
from ..trainer.precision import mixed
from ..trainer.randomness import Draw, normal
from ..trainer.replay import Replay
from ..trainer.settings import DpdSettings
from ..trainer.task import Metrics, Task
from ..trainer.update import Update
from .context import Context
from .probes import probe
from .tensors import Extracted, Latents


@dataclass(frozen=True)
class Batch:
    """Latents and noise [B, L, Z] and per-frame angles [B, L], all f32; semantic tokens [B, T]; whether
    guidance drops the condition [B]."""

    latents: Tensor
    noise: Tensor
    angles: Tensor
    tokens: Tensor
    dropped: Tensor


class DpdTask(Task):
    """Velocity of chunks that are noisy by different angles, given the semantic tokens."""

    stage: ClassVar[str] = "dpd"
    self_contained: ClassVar[bool] = True

    def __init__(self, context: Context, settings: DpdSettings | None = None) -> None:
        self.config, self.processes = context.config, context.processes
        self.settings = settings or context.settings.dpd
        directory, latents = context.stage("extract"), context.stage("latents")
        self.clips, self.held_out = Extracted(directory, "train"), Extracted(directory, context.held_out)
        self.latents = Latents(latents, "train", self.processes.device)
        self.held_out_latents = Latents(latents, context.held_out)
        if not len(self.clips):
            raise TrainingError(f"{directory}: no training clips; make or import a larger corpus")
        common = math.gcd(self.config.latent_rate, self.config.semantic_rate)
        # The shortest time that is whole frames and whole tokens.
        self.unit = self.config.latent_rate // common, self.config.semantic_rate // common
        self.frames = self.settings.crop_frames or self.config.clip_frames
        if self.frames % self.unit[0] or not 0 < self.frames <= self.config.clip_frames:
            raise TrainingError(
                f"{self.stage}.cropFrames {self.frames}: expected a multiple of {self.unit[0]}, where frames "
                f"and tokens meet, up to {self.config.clip_frames}, or 0 for whole clips"
            )
        torch.manual_seed(self.settings.seed)
        self.dpd = Dpd(self.config)
        start_aligned(self.dpd)
        self.dpd.to(self.processes.device)
        self.replay = Replay(self.objective, self.dpd, self.processes.device)

    @property
    def modules(self) -> Mapping[str, nn.Module]:
        """See `Task`."""
        return {"dpd": self.dpd}

    @property
    def groups(self) -> Mapping[str, list[nn.Parameter]]:
        """See `Task`."""
        return {"dpd": list(self.dpd.parameters())}

    @property
    def examples(self) -> int:
        """See `Task`."""
        return len(self.clips)

    def batch(self, draws: list[Draw]) -> Batch:
        """A crop aligned to the tokens, an angle for each of its chunks, and the guidance drop, by the
        example's own generator; for the noise see `normal`."""
        units, device = self.frames // self.unit[0], self.processes.device
        room = self.config.clip_frames // self.unit[0] - units
        latents, tokens, drawn = [], [], []
        for draw in draws:
            start = int(torch.randint(room + 1, (), generator=draw.generator)) if room else 0
            latents.append(self.latents.frames(draw.index, start * self.unit[0], self.frames))
            tokens.append(self.clips.tokens(draw.index, start * self.unit[1], units * self.unit[1]))
            drawn.append(torch.rand(self.config.dpd.chunks + 1, generator=draw.generator))
        angles, drop = torch.stack(drawn).split((self.config.dpd.chunks, 1), dim=1)
        return Batch(
            latents=torch.stack(latents).float().to(device),
            noise=normal(draws, (self.frames, self.config.latent_dim), device),
            angles=chunk_angles(angles * (math.pi / 2), self.frames).to(device),
            tokens=torch.stack(tokens).to(device),
            dropped=(drop[:, 0] < self.settings.cfg_drop).to(device),
        )

    def predict(self, z: Tensor, angles: Tensor, tokens: Tensor, dropped: Tensor) -> Tensor:
        """Noisy latents [B, L, Z], angles [B, L], tokens [B, T], dropped [B] -> velocity f32 [B, L, Z]"""
        return self.dpd(z, angles, self.dpd.condition(tokens), conditional=~dropped).float()

    def objective(
        self, latents: Tensor, noise: Tensor, angles: Tensor, tokens: Tensor, dropped: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """The parts of a `Batch` -> the loss, and the mean squared errors of velocity and latents"""
        z = noisy(latents, noise, angles)
        with mixed(latents.device.type, self.settings.precision):
            predicted = self.predict(z, angles, tokens, dropped)
        errors = (predicted - velocity(latents, noise, angles)).square().mean(dim=-1)
        loss = (errors * weights(angles, self.settings.min_snr)).mean()
        with torch.no_grad():
            restored = (clean(z, predicted, angles) - latents).square().mean()
        return loss, errors.detach().mean(), restored

    def optimise(self, batch: Batch, step: int, update: Update) -> Metrics:
        """See `Task`."""
        parts = batch.latents, batch.noise, batch.angles, batch.tokens, batch.dropped
        loss, error, restored = self.replay(*parts)
        update("dpd", loss)
        return {"loss": loss, "velocity": error, "latents": restored}

    def validate(self) -> dict[str, float]:
        """See `probe`: the figures of whole held-out clips."""
        settings, device = self.settings, self.processes.device
        count = min(len(self.held_out), settings.validation_clips)
        clips = self.held_out, self.held_out_latents
        return probe(self.predict, *clips, count, settings.batch, self.config, device)

    def exports(self) -> Mapping[str, nn.Module]:
        """See `Task`."""
        return {"dpd": self.dpd}
