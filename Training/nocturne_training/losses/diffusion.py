"""Diffusion in angles (4.1, 4.2). Letters: B batch, L latent frames, Z latent channels, M chunks; angles are
f32, in radians, 0 (clean) to pi / 2 (noise)."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor


def boundaries(frames: int, chunks: int) -> list[int]:
    """L_m = floor(m L / M) for m = 0...M"""
    return [m * frames // chunks for m in range(chunks + 1)]


def chunk_angles(angles: Tensor, frames: int) -> Tensor:
    """One angle a chunk [..., M] -> one a frame [..., L]"""
    edges = boundaries(frames, angles.shape[-1])
    lengths = torch.tensor([b - a for a, b in pairwise(edges)], device=angles.device)
    return angles.repeat_interleave(lengths, dim=-1, output_size=frames)


def noisy(z: Tensor, noise: Tensor, angles: Tensor) -> Tensor:
    """z_d = cos(d) z + sin(d) e, [B, L, Z] twice and [B, L] -> [B, L, Z]"""
    return angles.cos()[..., None] * z + angles.sin()[..., None] * noise


def velocity(z: Tensor, noise: Tensor, angles: Tensor) -> Tensor:
    """v_d = cos(d) e - sin(d) z, shapes as `noisy`"""
    return angles.cos()[..., None] * noise - angles.sin()[..., None] * z


def clean(z: Tensor, predicted: Tensor, angles: Tensor) -> Tensor:
    """z = cos(d) z_d - sin(d) v_d of noisy latents and their velocity, shapes as `noisy`"""
    return angles.cos()[..., None] * z - angles.sin()[..., None] * predicted


def weights(angles: Tensor, min_snr: float) -> Tensor:
    """min(snr, min_snr) / (snr + 1) of each frame with snr = cot^2(d), of latents as strong as the noise,
    [B, L] -> [B, L]; ones where `min_snr` is 0. The error of a velocity is (snr + 1) times that of the
    latents, so this weights the latter by min(snr, min_snr) (Hang et al., 2023)."""
    if min_snr <= 0:
        return torch.ones_like(angles)
    return torch.minimum(angles.cos().square(), min_snr * angles.sin().square())
