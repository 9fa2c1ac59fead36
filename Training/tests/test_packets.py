from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch

from nocturne_training.config import load
from nocturne_training.models.packets import start_as_wavelet_packets
from nocturne_training.models.tokenizer import Tokenizer

RATE = 24_000


def tone(hertz: float) -> torch.Tensor:
    """A tone over a little noise, 2 s."""
    noise = torch.randn(1, 2 * RATE, generator=torch.Generator().manual_seed(3))
    return torch.sin(2 * math.pi * hertz * torch.arange(2 * RATE) / RATE) + 0.1 * noise


def tokenizer(name: str, channels: int | None = None) -> Tokenizer:
    torch.manual_seed(1)
    config = load(name)
    shape = config.tokenizer if channels is None else replace(config.tokenizer, channels=channels)
    built = Tokenizer(shape, config.semantic_vocab)
    noise = torch.randn(2, 2 * RATE, generator=torch.Generator().manual_seed(4))
    start_as_wavelet_packets(built.feature_extractor, built.prepare(noise))
    return built


@torch.no_grad()
def test_every_envelope_has_the_mean_one_on_the_audio_it_was_set_to() -> None:
    built = tokenizer("demo")
    noise = torch.randn(2, 2 * RATE, generator=torch.Generator().manual_seed(4))
    x = built.prepare(noise)[:, None]
    for layer in built.feature_extractor.conv_layers[:-1]:
        x = layer(x)
    levels = built.feature_extractor.conv_layers[-1].conv(x).mean(dim=(0, 2))
    ones = (levels - 1.0).abs() < 1e-4
    assert int(ones.sum()) > 0.8 * len(levels)


# A fourth or a fifth apart is another band below 1 kHz; higher up the bands are wider.
@pytest.mark.parametrize(("low", "high"), [(110, 165), (440, 587), (660, 990), (1500, 3000), (6000, 9000)])
@torch.no_grad()
def test_tones_arrive_in_bands_of_their_own(low: float, high: float) -> None:
    built = tokenizer("demo", channels=128)
    heard = [built.extract(tone(hertz))[0].mean(dim=0) for hertz in (low, high)]
    loudest = [int(levels.argmax()) for levels in heard]
    assert loudest[0] != loudest[1]
    for own, other in ((0, 1), (1, 0)):
        assert float(heard[own][loudest[own]]) > 2 * float(heard[other][loudest[own]])


@torch.no_grad()
def test_few_channels_hold_what_they_can() -> None:
    features = tokenizer("tiny").extract(tone(440))
    assert torch.isfinite(features).all() and float(features.std()) > 0.1
