"""Multi-resolution STFT loss and log-mel distance (5.1). Letters: B batch, N samples."""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor

FFTS = (8192, 4096, 2048, 512, 128, 64, 32)
"""Sizes of the seven transforms; the window is half of it, the hop half of the window."""


def magnitudes(audio: Tensor, fft: int, window: int, hop: int) -> Tensor:
    """[B, N] -> |STFT| [B, fft / 2 + 1, frames], Hann window, centred with reflection. The root is taken of
    at least 1e-10, which keeps its gradient finite in silence."""
    hann = torch.hann_window(window, device=audio.device, dtype=audio.dtype)
    spectrum = torch.stft(audio, fft, hop, window, hann, center=True, pad_mode="reflect", return_complex=True)
    return (spectrum.real.square() + spectrum.imag.square()).clamp(min=1e-10).sqrt()


def multi_resolution(real: Tensor, generated: Tensor) -> Tensor:
    """Sum over the resolutions of the mean absolute difference of magnitudes, two [B, N] -> scalar.
    Resolutions whose padding needs more samples than there are count as absent (short crops of tests)."""
    total = real.new_zeros(())
    for fft in FFTS:
        if fft // 2 < real.shape[1]:
            sizes = fft, fft // 2, fft // 4
            total = total + (magnitudes(real, *sizes) - magnitudes(generated, *sizes)).abs().mean()
    return total


@lru_cache
def mel_filters(
    bands: int, fft: int, rate: int, device: torch.device | str = "cpu", dtype: torch.dtype = torch.float32
) -> Tensor:
    """Triangles evenly spaced on the mel scale from 0 to rate / 2, peak 1 -> [fft / 2 + 1, bands]. Kept by
    device: to copy them to a GPU for every loss would make the CPU wait for it each time."""
    hertz = torch.linspace(0, rate / 2, fft // 2 + 1, dtype=torch.float64)
    mel = 2595.0 * torch.log10(1.0 + hertz / 700.0)
    edges = torch.linspace(0, float(mel[-1]), bands + 2, dtype=torch.float64)
    rising = (mel[:, None] - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - mel[:, None]) / (edges[2:] - edges[1:-1])
    return torch.minimum(rising, falling).clamp(min=0.0).float().to(device, dtype)


def log_mel(audio: Tensor, bands: int = 80, fft: int = 1024, rate: int = 24_000) -> Tensor:
    """[B, N] -> natural logarithm of the mel magnitudes, floor 1e-5 [B, frames, bands]; hop fft / 4"""
    power = magnitudes(audio, fft, fft, fft // 4).transpose(1, 2)
    return (power @ mel_filters(bands, fft, rate, audio.device, audio.dtype)).clamp(min=1e-5).log()


def log_mel_error(real: Tensor, generated: Tensor) -> Tensor:
    """Mean absolute difference of log-mel spectrograms, two [B, N] -> scalar, in nepers"""
    return (log_mel(real) - log_mel(generated)).abs().mean()


def si_sdr(real: Tensor, generated: Tensor) -> Tensor:
    """Scale-invariant signal-to-distortion ratio, two [B, N] -> [B], in dB (Le Roux et al., 2019)"""
    real = real - real.mean(dim=1, keepdim=True)
    generated = generated - generated.mean(dim=1, keepdim=True)
    scale = (real * generated).sum(1, keepdim=True) / real.square().sum(1, keepdim=True).clamp(min=1e-12)
    target = scale * real
    noise = (generated - target).square().sum(1).clamp(min=1e-12)
    return 10.0 * torch.log10(target.square().sum(1).clamp(min=1e-12) / noise)
