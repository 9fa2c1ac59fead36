"""What a diffusion network knows of held-out clips (section 8, ablations). Letters: B batch, L latent frames,
Z latent channels, M chunks, T semantic tokens."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable
from itertools import pairwise

import torch
from torch import Tensor

from ..config import Config
from ..losses.diffusion import boundaries, chunk_angles, clean, noisy, velocity
from ..losses.spectral import si_sdr
from ..trainer.randomness import generator
from .tensors import Extracted, Latents

BINS = 8
"""Equal parts of the quarter turn."""

Predict = Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]
"""(noisy [B, L, Z], angles [B, L], tokens [B, T], dropped [B]) -> velocity [B, L, Z]"""


def probe_angles(count: int, chunks: int) -> Tensor:
    """The same every time: an angle for each chunk of each clip [count, M], all bins equally often."""
    random = generator("probe", "angles")
    rounds = -(-count * chunks // BINS)
    bins = torch.cat([torch.randperm(BINS, generator=random) for _ in range(rounds)])[: count * chunks]
    inside = torch.rand(count * chunks, generator=random)
    return ((bins + inside) * (math.pi / 2 / BINS)).view(count, chunks)


def probe(
    predict: Predict,
    clips: Extracted,
    latents: Latents,
    count: int,
    batch: int,
    config: Config,
    device: torch.device,
) -> dict[str, float]:
    """The first `count` clips at whole length, M angles each. Mean squared error of the velocity given the
    tokens (`velocity`, and by bin of the angle `velocity_1` to `velocity_8`), without them
    (`unconditional`), and given another clip's (`shuffled`); the mean improvement of SI-SNR in dB from the
    noisy to the predicted latents of a chunk (`si_snr_improvement`). Empty if there are no clips."""
    if not count:
        return {}
    found: dict[str, list[Tensor]] = defaultdict(list)
    angles = probe_angles(count, config.dpd.chunks)
    edges = boundaries(config.clip_frames, config.dpd.chunks)
    tokens = [clips.tokens(index) for index in range(count)]
    for first in range(0, count, batch):
        indices = range(first, min(first + batch, count))
        z = torch.stack([latents.frames(index) for index in indices]).float().to(device)
        noise = torch.stack(
            [torch.randn(z.shape[1:], generator=generator("probe", "noise", index)) for index in indices]
        ).to(device)
        own = torch.stack([tokens[index] for index in indices]).to(device)
        others = torch.stack([tokens[index - 1] for index in indices]).to(device)
        at = chunk_angles(angles[first : first + len(indices)], z.shape[1]).to(device)
        given, target = noisy(z, noise, at), velocity(z, noise, at)
        kept = torch.zeros(len(indices), dtype=torch.bool, device=device)
        cases = {"velocity": (own, kept), "unconditional": (own, ~kept), "shuffled": (others, kept)}
        for name, (condition, drop) in cases.items():
            predicted = predict(given, at, condition, drop)
            errors = (predicted - target).square().mean(dim=-1)
            found[name].append(torch.stack([errors[:, a:b].mean(dim=1) for a, b in pairwise(edges)], dim=1))
            if name == "velocity":
                restored = clean(given, predicted, at)
                gains = [_gain(z[:, a:b], given[:, a:b], restored[:, a:b]) for a, b in pairwise(edges)]
                found["si_snr_improvement"].append(torch.stack(gains, dim=1))
    values = {name: torch.cat(parts).double().cpu() for name, parts in found.items()}
    figures = {name: float(value.mean()) for name, value in values.items()}
    bins = (angles / (math.pi / 2 / BINS)).long().clamp(max=BINS - 1)
    for number in range(BINS):
        if (bins == number).any():
            figures[f"velocity_{number + 1}"] = float(values["velocity"][bins == number].mean())
    return figures


def _gain(z: Tensor, given: Tensor, restored: Tensor) -> Tensor:
    """[B, frames, Z] three times -> [B], in dB"""
    real = z.flatten(1)
    return si_sdr(real, restored.flatten(1)) - si_sdr(real, given.flatten(1))
