"""Which number formats a device computes in by itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch


def has_bf16(device: str) -> bool:
    """Whether products in bf16 are the device's own. A CPU without AVX512_BF16 or AMX emulates them, and
    takes several times as long as in f32."""
    if device == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    names = "_is_avx512_bf16_supported", "_is_amx_tile_supported"
    return any(getattr(torch.cpu, name, bool)() for name in names)


def mixed(device: str, precision: str) -> torch.autocast:
    """The mixed precision of a device: `bf16`; `f32`, which is none; or `auto`, bf16 where it pays"""
    enabled = precision == "bf16" or (precision == "auto" and has_bf16(device))
    return torch.autocast(device, torch.bfloat16, enabled=enabled)


@contextmanager
def rounded_convolutions(allowed: bool) -> Iterator[None]:
    """Whether convolutions in f32 may round their factors to TF32, 10 bits, on a GPU: that is noise
    60 dB below the loudest, which a decoder may have and a filter bank may not. A gradient must be taken
    inside as well."""
    with torch.backends.cudnn.flags(enabled=True, benchmark=True, allow_tf32=allowed):
        yield
