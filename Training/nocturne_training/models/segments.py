"""Segmentation, overlap-add, merging and repeating of columns (4.4, 4.5).

Letters: B batch, L frames, S segments, K segment size, D width.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor


def segment_count(frames: int, size: int) -> int:
    """S = ceil(2 L / K) + 1"""
    return -(-2 * frames // size) + 1


def padding(frames: int, size: int) -> tuple[int, int]:
    """Zero frames in front (K / 2) and behind."""
    total = (segment_count(frames, size) + 1) * (size // 2)
    return size // 2, total - size // 2 - frames


def segment(x: Tensor, size: int) -> Tensor:
    """[B, L, D] -> half-overlapping rows [B, S, K, D]"""
    padded = F.pad(x, (0, 0, *padding(x.shape[1], size)))
    return padded.unfold(1, size, size // 2).transpose(2, 3)


def overlap_add(rows: Tensor, frames: int) -> Tensor:
    """[B, S, K, D] -> sum at the rows' offsets, cropped to the real frames [B, L, D]"""
    batch, count, size, dim = rows.shape
    half = size // 2
    halves = rows.reshape(batch, count, 2, half, dim)
    total = rows.new_zeros(batch, count + 1, half, dim)
    total[:, :count] += halves[:, :, 0]
    total[:, 1:] += halves[:, :, 1]
    return total.reshape(batch, (count + 1) * half, dim)[:, half : half + frames]


def merge_window(block: int, blocks: int) -> int:
    """Window 2^e of block 0..<N with e = min(i, N - i + 1) for i = block + 1; the stride is half of it."""
    return 2 ** min(block + 1, blocks - block)


def merged_columns(size: int, window: int) -> int:
    """K_MS = ceil(K / stride)"""
    return -(-size // (window // 2))


def merge(rows: Tensor, window: int) -> Tensor:
    """Averages windows of columns, [B, S, K, D] -> [B, S, K_MS, D]: floor(stride / 2) zero columns in front,
    zeros behind, always divided by the window (4.5)"""
    stride, size = window // 2, rows.shape[2]
    columns = merged_columns(size, window)
    front = stride // 2
    padded = F.pad(rows, (0, 0, front, (columns - 1) * stride + window - front - size))
    return padded.unfold(2, window, stride).mean(dim=-1)


def repeat(columns: Tensor, window: int, size: int) -> Tensor:
    """C[s, j] = R[s, floor(j / stride)], [B, S, K_MS, D] -> [B, S, K, D]"""
    return columns.repeat_interleave(window // 2, dim=2)[:, :, :size]
