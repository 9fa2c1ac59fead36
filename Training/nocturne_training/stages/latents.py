"""Latents of every clip, once, so that the diffusion and what listens to it train from tensors. A stage apart
from the extraction of tokens and codes: most of the time goes here, and the language model needs none of
it."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ..corpus.dataset import Clip
from ..trainer.errors import TrainingError
from .clips import batches, whole
from .context import Context
from .shards import write_shards
from .tensors import Latents


class Encoding:
    """The frozen encoder of the VAE, f32."""

    def __init__(self, context: Context) -> None:
        self.config, self.device = context.config, context.processes.device
        self.batch = context.settings.latents.batch
        self.encoder = context.taken("latents", "vae_encoder")

    def hear(self, clips: Sequence[Clip]) -> Tensor:
        """Clips, each cut or padded to a clip's length -> latents f16 [B, L, Z]. Raises `TrainingError`
        naming a clip whose latents are not finite."""
        audio = whole(clips, self.config.clip_seconds * self.config.sample_rate).to(self.device)
        latents = self.encoder.latents(audio)
        for clip, row in zip(clips, latents, strict=True):
            if not torch.isfinite(row).all():
                raise TrainingError(f"{clip.path}: its latents are not finite; listen to it or remove it")
        return latents.half().cpu()

    def tensors(self, clips: Sequence[Clip]) -> dict[str, Tensor]:
        """What a file holds of its clips."""
        return {"latents": torch.cat([self.hear(batch) for batch in batches(clips, self.batch)])}


@torch.inference_mode()
def latents(context: Context) -> dict[str, float]:
    """Writes the files that are not there yet -> statistics of the latents. Raises `TrainingError`,
    `CorpusError`."""
    count = write_shards(context, "latents", Encoding(context).tensors)
    return {"clips": float(count), **_statistics(context)}


def _statistics(context: Context) -> dict[str, float]:
    """Mean and standard deviation of all values of the training clips' latents, and the share of values at
    the ends of the range; one file at a time, in f64."""
    count, total, squares, clipped = 0, 0.0, 0.0, 0
    for part in Latents(context.stage("latents"), "train").each("latents"):
        values = part.double()
        count, total = count + values.numel(), total + float(values.sum())
        squares, clipped = squares + float(values.square().sum()), clipped + int((values.abs() >= 1).sum())
    size = max(1, count)
    mean = total / size
    deviation = max(0.0, squares / size - mean**2) ** 0.5
    return {"mean": mean, "deviation": deviation, "clipped": clipped / size}
