"""Log-mel filter banks of the audio tower (1.1). Letters: B batch, N samples, F frames, M bands."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

RATE, WINDOW, HOP, FFT = 16_000, 400, 160, 512
FLOOR, MEAN, DEVIATION = 1.192092955078125e-07, -4.2677393, 4.5689974
_TAPS = 96


def resample(audio: Tensor) -> Tensor:
    """24 kHz [B, N] -> 16 kHz [B, ceil(2 N / 3)]: windowed sinc, 96 taps for each of the two phases, cut at
    7.6 kHz"""
    position = torch.arange(_TAPS, dtype=torch.float64) - (_TAPS // 2 - 1)
    cutoff = 2 * 7_600 / 24_000
    kernels = []
    for phase in (0.0, 1.5):
        x = position - phase
        window = torch.cos(math.pi * x / (_TAPS + 2)).clamp(min=0.0) ** 2
        kernel = torch.sinc(cutoff * x) * window
        kernels.append(kernel / kernel.sum())
    weight = torch.stack(kernels)[:, None].to(audio)
    count = -(-2 * audio.shape[1] // 3)
    padded = F.pad(audio[:, None], (_TAPS // 2 - 1, _TAPS // 2 + 3))
    return F.conv1d(padded, weight, stride=3).transpose(1, 2).reshape(audio.shape[0], -1)[:, :count]


def _kaldi_mel(hertz: Tensor) -> Tensor:
    return 1127.0 * torch.log1p(hertz / 700.0)


def mel_filters(bands: int) -> Tensor:
    """Triangles in kaldi mel space from 20 to 8000 Hz -> [FFT / 2 + 1, bands], f64"""
    bins = _kaldi_mel(torch.arange(FFT // 2 + 1, dtype=torch.float64) * RATE / FFT)
    low, high = _kaldi_mel(torch.tensor([20.0, RATE / 2], dtype=torch.float64))
    edges = low + (high - low) * torch.arange(bands + 2, dtype=torch.float64) / (bands + 1)
    width = edges[1] - edges[0]
    rising = (bins[:, None] - edges[:-2]) / width
    falling = (edges[2:] - bins[:, None]) / width
    return torch.minimum(rising, falling).clamp(min=0.0)


def filter_bank(audio: Tensor, bands: int, frames: int) -> Tensor:
    """16 kHz [B, N], not scaled to integers -> normalised log-mel [B, frames, bands]. Missing frames are
    zeros before the normalisation (so they become +0.467), as in the reference."""
    windows = audio.double().unfold(1, WINDOW, HOP)[:, :frames]
    windows = windows - windows.mean(dim=-1, keepdim=True)
    first = windows[..., :1] * (1.0 - 0.97)
    emphasised = torch.cat((first, windows[..., 1:] - 0.97 * windows[..., :-1]), dim=-1)
    hann = torch.hann_window(WINDOW, periodic=False, dtype=torch.float64, device=audio.device)
    power = torch.fft.rfft(emphasised * hann, n=FFT).abs() ** 2
    mel = (power @ mel_filters(bands).to(audio.device)).clamp(min=FLOOR).log()
    padded = F.pad(mel, (0, 0, 0, frames - mel.shape[1])).to(audio.dtype)
    return (padded - MEAN) / (2.0 * DEVIATION)
