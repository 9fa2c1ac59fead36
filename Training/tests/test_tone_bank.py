from __future__ import annotations

import math
from itertools import pairwise

import pytest
import torch
from torch import Tensor

from nocturne_training.config import load
from nocturne_training.models.lapped import DEVIATION
from nocturne_training.models.loudness import KNOTS, curve
from nocturne_training.models.residual import add_weight_norm
from nocturne_training.models.tone_bank import Bank
from nocturne_training.models.tone_start import start_as_tone_bank
from nocturne_training.models.vae import VaeDecoder, VaeEncoder

RATE = 24_000
CONFIG = load("demo")
BANK = Bank(3, 800, CONFIG.latent_dim)


def tone(note: float, seconds: float = 2.0, amplitude: float = 0.1) -> Tensor:
    time = torch.arange(round(seconds * RATE)) / RATE
    return amplitude * torch.sin(2 * math.pi * 440.0 * 2.0 ** ((note - 69) / 12) * time)


@pytest.fixture(scope="module")
def codec() -> tuple[VaeEncoder, VaeDecoder]:
    """Set up on four voices that walk through the scale, and some noise that comes and goes."""
    torch.manual_seed(1)
    walks = [28 + 19 * voice + (7 * step) % 19 for voice in range(4) for step in range(19)]
    voices = torch.cat([tone(note, 0.4, 0.05 + 0.01 * (note % 7)) for note in walks]).view(4, -1)
    noise = 0.05 * torch.randn(4, voices.shape[1]) * (torch.arange(voices.shape[1]) % 12000 < 3000)
    encoder, decoder = VaeEncoder(CONFIG), VaeDecoder(CONFIG)
    for part in (encoder, decoder):
        add_weight_norm(part)
    start_as_tone_bank(encoder, decoder, CONFIG.hop, torch.cat([voices + noise, voices.flip(0)]))
    return encoder.requires_grad_(False), decoder.requires_grad_(False)


def loudness(latents: Tensor, note: int) -> Tensor:
    """The mean latent [parts] of a tone between the ends of a clip."""
    sources = BANK.sources
    return latents[0, 4:-4, [i for i, (tone, _) in enumerate(sources) if tone == note - 28]].mean(dim=0)


def test_the_curve_bends_at_its_knots_only() -> None:
    x = torch.linspace(0, 2, 2001, dtype=torch.float64)
    bends = curve(x).diff(n=2).abs() > 1e-9
    assert [round(float(at), 3) for at in x[1:-1][bends]] == list(KNOTS[1:])
    assert float(curve(torch.tensor([1.0], dtype=torch.float64))) == pytest.approx(1.0)


@torch.no_grad()
def test_a_tone_is_louder_in_its_latents_than_in_others(codec: tuple[VaeEncoder, VaeDecoder]) -> None:
    for note in (50, 64, 77, 90):
        latents = codec[0](tone(note)[None])[0]
        own = loudness(latents, note).min()
        for other in (note - 4, note + 3, note + 7):
            assert float(own) > float(loudness(latents, other).max()) + 0.3


@torch.no_grad()
def test_latents_are_a_compressed_loudness(codec: tuple[VaeEncoder, VaeDecoder]) -> None:
    levels = [
        float(loudness(codec[0](tone(76, amplitude=a)[None])[0], 76).mean()) for a in (0.01, 0.02, 0.04, 0.08)
    ]
    steps = [b - a for a, b in pairwise(levels)]
    assert min(steps) > 0.1
    # Straight in amplitude, each step would be twice the one before.
    assert max(steps) < 2.0 * min(steps)


# The decoder without training: the same tone, about as loud. Tones move by less than half the latent rate.
@torch.no_grad()
def test_an_untrained_decoder_sings_the_tone(codec: tuple[VaeEncoder, VaeDecoder]) -> None:
    encoder, decoder = codec
    for note in (52, 65, 78, 91):
        audio = tone(note, amplitude=0.02)[None]
        sung = decoder(encoder.latents(audio))[0, RATE // 4 : -RATE // 4]
        spectrum = torch.fft.rfft(sung * torch.hann_window(len(sung)), 4 * len(sung)).abs()
        found = float(spectrum.argmax()) * RATE / (4 * len(sung))
        assert abs(found - 440.0 * 2.0 ** ((note - 69) / 12)) < CONFIG.latent_rate / 2 + 1
        assert 0.3 < float(sung.std()) / float(audio.std()) < 3.0


@torch.no_grad()
def test_latents_have_the_spread_that_was_asked_for(codec: tuple[VaeEncoder, VaeDecoder]) -> None:
    silence = codec[0](torch.zeros(1, RATE))[0]
    assert float(silence.mean()) < -0.3 * DEVIATION


def test_a_bank_that_does_not_fit_says_so() -> None:
    with pytest.raises(ValueError, match="latentDim 100 does not fit a bank of 3 parts"):
        _ = Bank(3, 800, 100).tones
