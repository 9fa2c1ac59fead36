"""Everything random in training is a function of (seed, stage, step, example), so a run that was killed, or
that several processes share, draws what an undisturbed single process draws."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import torch


def generator(*parts: int | str) -> torch.Generator:
    """A CPU generator seeded by the first 63 bits of the SHA-256 of its parts."""
    text = "/".join(str(part) for part in parts)
    seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "little") >> 1
    return torch.Generator().manual_seed(seed)


@dataclass(frozen=True)
class Draw:
    """One example of a batch: which one of the training set, and its own source of random numbers."""

    index: int
    generator: torch.Generator


def normal(draws: list[Draw], shape: tuple[int, ...], device: torch.device) -> torch.Tensor:
    """Normal noise for each example, [B, *shape]. On a CPU each has its own generator's; a GPU draws the
    whole batch at once, by the first one's seed."""
    if device.type == "cpu":
        return torch.stack([torch.randn(shape, generator=draw.generator) for draw in draws])
    own = torch.Generator(device).manual_seed(draws[0].generator.initial_seed())
    return torch.randn(len(draws), *shape, generator=own, device=device)


class Order:
    """Visits a training set of `size` examples in epochs, each a permutation of its own."""

    def __init__(self, seed: int, stage: str, size: int) -> None:
        self.seed, self.stage, self.size = seed, stage, size
        self._epoch, self._permutation = -1, torch.empty(0)

    def index(self, position: int) -> int:
        """The example at a position counted from the start of training."""
        epoch, offset = divmod(position, self.size)
        if epoch != self._epoch:
            shuffled = torch.randperm(self.size, generator=generator(self.seed, self.stage, "epoch", epoch))
            self._epoch, self._permutation = epoch, shuffled
        return int(self._permutation[offset])

    def draws(self, step: int, batch: int, rank: int = 0, world: int = 1) -> list[Draw]:
        """The share of process `rank` in step's batch of `batch * world` examples -> [batch]"""
        first = (step * world + rank) * batch
        return [
            Draw(self.index(position), generator(self.seed, self.stage, "example", position))
            for position in range(first, first + batch)
        ]
