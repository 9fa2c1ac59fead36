"""Counter-based random numbers: Philox4x32-10, exactly as ARCHITECTURE.md, "Random numbers"."""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

SEMANTIC_SAMPLING, DIFFUSION_NOISE, WEIGHT_INITIALISATION = 1, 2, 3

_MULTIPLIERS = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
_WEYL = 0x9E3779B9, 0xBB67AE85
_LOW = np.uint64(0xFFFFFFFF)
_SHIFT = np.uint64(32)


def philox(counter: NDArray[np.uint32], key: tuple[int, int]) -> NDArray[np.uint32]:
    """Ten rounds over counters [N, 4] -> words [N, 4]"""
    c0, c1, c2, c3 = (counter[:, index].astype(np.uint64) for index in range(4))
    k0, k1 = key
    for _ in range(10):
        product0, product1 = _MULTIPLIERS[0] * c0, _MULTIPLIERS[1] * c2
        c0, c1, c2, c3 = (
            (product1 >> _SHIFT) ^ c1 ^ np.uint64(k0),
            product1 & _LOW,
            (product0 >> _SHIFT) ^ c3 ^ np.uint64(k1),
            product0 & _LOW,
        )
        k0, k1 = (k0 + _WEYL[0]) & 0xFFFFFFFF, (k1 + _WEYL[1]) & 0xFFFFFFFF
    return np.stack((c0, c1, c2, c3), axis=1).astype(np.uint32)


def words(seed: int, stage: int, lane: int, first: int, count: int) -> NDArray[np.uint32]:
    """Elements first..<first + count of a stream of 32-bit words -> [count]"""
    blocks = np.arange(first // 4, -(-(first + count) // 4), dtype=np.uint64)
    counter = np.empty((len(blocks), 4), dtype=np.uint32)
    counter[:, 0], counter[:, 1] = blocks & _LOW, blocks >> _SHIFT
    counter[:, 2], counter[:, 3] = lane, stage
    seed &= 0xFFFFFFFFFFFFFFFF
    start = first % 4
    return philox(counter, (seed & 0xFFFFFFFF, seed >> 32)).reshape(-1)[start : start + count]


def uniform(seed: int, stage: int, lane: int, first: int, count: int) -> NDArray[np.float64]:
    """(x + 0.5) / 2^32 for each word -> [count], in (0, 1)"""
    return (words(seed, stage, lane, first, count).astype(np.float64) + 0.5) * 2.0**-32


def normal(seed: int, stage: int, lane: int, first: int, count: int) -> NDArray[np.float32]:
    """Box-Muller pairs of words (x0, x1) and (x2, x3), in double precision, rounded to f32 -> [count]"""
    start = first % 2
    pairs = uniform(seed, stage, lane, first - start, (count + start + 1) // 2 * 2).reshape(-1, 2)
    radius, turn = np.sqrt(-2.0 * np.log(pairs[:, 0])), 2.0 * np.pi * pairs[:, 1]
    values = np.stack((radius * np.cos(turn), radius * np.sin(turn)), axis=1).reshape(-1)
    return values[start : start + count].astype(np.float32)


def noise(seed: int, frames: int, channels: int, first_frame: int = 0) -> NDArray[np.float32]:
    """Diffusion noise of a clip, element = frame * channels + channel -> [frames, channels]"""
    values = normal(seed, DIFFUSION_NOISE, 0, first_frame * channels, frames * channels)
    return values.reshape(frames, channels)


def weight_lane(module: str, key: str) -> int:
    """Lane of a tensor's initial values: first 32 bits, little-endian, of the SHA-256 of `<module>/<key>`."""
    return int.from_bytes(hashlib.sha256(f"{module}/{key}".encode()).digest()[:4], "little")
