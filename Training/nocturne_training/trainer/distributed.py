"""One process, or several started by torchrun, each with its share of every batch."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, NoReturn

import torch
import torch.distributed as dist
from torch import Tensor

from .errors import TrainingError

FAULT = 1
"""Exit code of a process that the others must not wait for."""
PATIENCE = timedelta(days=7)
"""For a peer: the first may make a corpus or extract for hours while the others wait, and torchrun ends them
all where one dies."""


@dataclass(frozen=True)
class Processes:
    """This process among its peers."""

    rank: int
    world: int
    device: torch.device

    @property
    def first(self) -> bool:
        """Whether this process writes logs and checkpoints."""
        return self.rank == 0

    def mean(self, value: Tensor) -> Tensor:
        """Mean over the processes, in place."""
        if self.world > 1:
            dist.all_reduce(value)
            value /= self.world
        return value

    def mean_gradients(self, parameters: Iterable[Tensor]) -> None:
        """Averages gradients over the processes, all in one message."""
        if self.world == 1:
            return
        gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
        flat = self.mean(torch.cat([gradient.flatten() for gradient in gradients]))
        for gradient, share in zip(gradients, flat.split([g.numel() for g in gradients]), strict=True):
            gradient.copy_(share.view_as(gradient))

    def gather(self, value: Tensor) -> Tensor:
        """Rows of all processes in rank order, [B, ...] -> [world * B, ...]; gradients flow back to their
        owners."""
        if self.world == 1:
            return value
        return _Gather.apply(value, self.rank, self.world)

    def agree(self, flag: bool) -> bool:
        """Whether any process raised its flag."""
        if self.world == 1:
            return flag
        votes = torch.tensor(float(flag), device=self.device)
        dist.all_reduce(votes)
        return bool(votes > 0)

    def barrier(self) -> None:
        """Waits for all processes."""
        if self.world > 1:
            dist.barrier()


def leave(code: int) -> NoReturn:
    """Ends the process with an exit code. One of several ends at once: the threads of their connection
    sometimes outlive it and abort an orderly end ("terminate called without an active exception"), which
    torchrun would take for a failure of finished work."""
    sys.stdout.flush()
    sys.stderr.flush()
    if dist.is_available() and dist.is_initialized():
        if code != FAULT:
            dist.barrier()
        os._exit(code)
    sys.exit(code)


class _Gather(torch.autograd.Function):
    """Concatenates the processes' rows; the gradient of a row is the sum of what all processes say of it."""

    @staticmethod
    def forward(context: Any, value: Tensor, rank: int, world: int) -> Tensor:
        """[B, ...] -> [world * B, ...]"""
        context.rows = slice(rank * len(value), (rank + 1) * len(value))
        parts = [torch.empty_like(value) for _ in range(world)]
        dist.all_gather(parts, value.contiguous())
        return torch.cat(parts)

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        """[world * B, ...] -> [B, ...]"""
        total = gradient.contiguous().clone()
        dist.all_reduce(total)
        return total[context.rows], None, None


def join(device: str | None = None) -> Processes:
    """Joins the group that torchrun describes in the environment; alone without it. `device` is `cpu`,
    `cuda` or None for whatever is there. Raises `TrainingError` for `cuda` where there is none."""
    rank, world = int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1"))
    kind = device or ("cuda" if torch.cuda.is_available() else "cpu")
    place = (
        torch.device(kind, int(os.environ.get("LOCAL_RANK", "0"))) if kind == "cuda" else torch.device(kind)
    )
    if kind == "cuda":
        if not torch.cuda.is_available():
            raise TrainingError("--device cuda: PyTorch finds no GPU here; leave it out to train on the CPU")
        torch.cuda.set_device(place)
        torch.backends.cudnn.benchmark = True
        # What f32 says is f32, unless a task asks for less.
        torch.backends.cudnn.allow_tf32 = False
    if world > 1:
        dist.init_process_group("nccl" if kind == "cuda" else "gloo", timeout=PATIENCE)
    return Processes(rank, world, place)
