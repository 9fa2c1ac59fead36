"""DDIM in angle form with guidance and frozen frames (4.1, 6.1, 6.2). Letters: B batch, L frames, Z
channels."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from .schedule import Schedule, angles, steps

Velocity = Callable[[Tensor, Tensor, bool], Tensor]
"""(z [B, L, Z], angles [B, L], conditional) -> v [B, L, Z]"""


def guided(velocity: Velocity, z: Tensor, angle: Tensor, scale: float) -> Tensor:
    """v_u + s (v_c - v_u); a scale of 1 needs no unconditional pass"""
    conditional = velocity(z, angle, True)
    if scale == 1.0:
        return conditional
    unconditional = velocity(z, angle, False)
    return unconditional + scale * (conditional - unconditional)


def sample(
    velocity: Velocity,
    z: Tensor,
    count: int,
    *,
    schedule: Schedule = "linear",
    guidance: float = 2.5,
    frozen: Tensor | None = None,
) -> Tensor:
    """Denoises z [B, L, Z] in `count` steps, computing in f32. `frozen` [L] marks frames whose angle is 0
    and which must not move (6.2, correction 1); the result is not yet clipped."""
    dtype, z = z.dtype, z.float()
    for angle, step in zip(angles(schedule, count), steps(schedule, count), strict=False):
        at = torch.full(z.shape[:2], angle, dtype=torch.float32, device=z.device)
        if frozen is not None:
            at = at.masked_fill(frozen, 0.0)
        v = guided(velocity, z.to(dtype), at, guidance).float()
        moved = math.cos(step) * z - math.sin(step) * v
        z = moved if frozen is None else torch.where(frozen[:, None], z, moved)
    return z.to(dtype)
