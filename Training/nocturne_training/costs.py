"""Multiply-accumulates of each stage, from the configuration alone (section 4.7). Element-wise work is left
out.

Letters: T tokens, L latent frames, S segments, K segment size, D width.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from .config import Bert, Config
from .models.segments import merge_window, merged_columns, segment_count


def bert(config: Bert, tokens: int) -> int:
    """Text encoder over T tokens."""
    linear = 4 * config.dim**2 + 2 * config.dim * config.ffn
    return config.layers * (tokens * linear + 2 * tokens**2 * config.dim)


def lm(config: Config, count: int) -> int:
    """Prefix and `count` drawn tokens with a key-value cache; the whole head for every drawn token."""
    shape, prefix = config.lm, 1 + config.rvq.quantizers
    positions = prefix + count - 1
    linear = 4 * shape.dim**2 + 3 * shape.dim * shape.ffn
    attention = 2 * shape.dim * (prefix**2 + sum(range(prefix + 1, positions + 1)))
    return shape.layers * (positions * linear + attention) + count * shape.dim * config.lm_vocab


@dataclass(frozen=True)
class DpdCost:
    """Per clip: `condition` (once). Per evaluation: `coarse`, `coarse_unconditional`, `fine`, `ends`."""

    condition: int
    coarse: int
    coarse_unconditional: int
    fine: int
    ends: int

    def clip(self, steps: int, *, guided: bool) -> int:
        """All evaluations of one clip."""
        conditional = self.coarse + self.fine + self.ends
        unconditional = self.coarse_unconditional + self.fine + self.ends if guided else 0
        return self.condition + steps * (conditional + unconditional)


def dpd(config: Config, frames: int, tokens: int) -> DpdCost:
    """Diffusion network on L frames and T semantic tokens, one distinct angle."""
    shape, dim = config.dpd, config.dpd.dim
    segments, layers = segment_count(frames, shape.segment), shape.roformer.layers
    windows = [merge_window(index, shape.blocks) for index in range(shape.blocks)]
    columns = sum(merged_columns(shape.segment, window) for window in windows)
    common = 4 * dim**2 + 2 * segments * dim + 2 * dim * shape.roformer.ffn
    cross = 2 * dim**2 + 2 * tokens * dim
    switched = 4 * dim**2 + 2 * segments * dim
    vectors = layers * columns * segments
    places = segments * shape.segment
    sru = shape.sru.layers * 6 * shape.sru.units * dim
    per_place = sru + (2 * dim**2 if shape.film == "mlp3" else 0)
    per_row = (4 if shape.film == "mlp3" else 2) * dim**2
    return DpdCost(
        condition=tokens * (2 * dim**2 + shape.blocks * layers * 2 * dim**2),
        coarse=vectors * (common + cross),
        coarse_unconditional=vectors * (common + switched),
        fine=shape.blocks * (places * per_place + segments * per_row),
        ends=2 * frames * config.latent_dim * dim + (shape.angle_dim + dim) * dim,
    )


def vae_decoder(config: Config, frames: int) -> int:
    """Decoder from L frames; a transposed convolution counts all its products, trimmed or not."""
    shape = config.vae.decoder
    total, length = frames * config.latent_dim * shape.initial * 7, frames
    stages = zip(pairwise((shape.initial, *shape.widths)), shape.rates, shape.kernels, strict=True)
    for (inputs, width), rate, kernel in stages:
        total += length * inputs * width * kernel
        length *= rate
        total += length * 2 * len(shape.dilations) * sum(shape.mrf_kernels) * width**2
    return total + length * shape.widths[-1] * 7
