"""What wav2vec 2.0 pre-training draws for one example: masked spans, distractors, Gumbel noise (2.2).

Letters: T frames, F masked frames, K distractors.
"""

from __future__ import annotations

import torch
from torch import Generator, Tensor


def spans(frames: int, start: float, span: int, generator: Generator) -> Tensor:
    """Every frame begins a masked span with probability `start`; spans overlap and end with the clip ->
    [frames], true where masked. Where fewer than two frames were hit, one span lies at random, as a masked
    frame needs another one for its distractors."""
    starts = torch.rand(frames, generator=generator) < start
    mask = _spread(starts, span)
    if mask.sum() < 2:
        starts[int(torch.randint(max(1, frames - span + 1), (), generator=generator))] = True
        mask = _spread(starts, span)
    return mask


def _spread(starts: Tensor, span: int) -> Tensor:
    counts = torch.nn.functional.pad(starts.int().cumsum(0), (span, 0))
    return counts[span:] > counts[: len(starts)]


def distractors(mask: Tensor, count: int, generator: Generator) -> Tensor:
    """For each masked frame of a clip [T] `count` other masked frames of it, with replacement -> frame
    numbers [F, K]"""
    masked = mask.nonzero()[:, 0]
    drawn = torch.randint(len(masked) - 1, (len(masked), count), generator=generator)
    return masked[drawn + (drawn >= torch.arange(len(masked))[:, None])]


def gumbel(shape: tuple[int, ...], generator: Generator) -> Tensor:
    """Standard Gumbel noise: -log of exponential noise"""
    return -torch.empty(shape).exponential_(generator=generator).clamp(min=1e-20).log()
