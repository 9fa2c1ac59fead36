from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch

from nocturne_training.config import Config, load
from nocturne_training.losses.spectral import si_sdr
from nocturne_training.models.lapped import DEVIATION, cosines, lapped, start_as_lapped_transform
from nocturne_training.models.residual import add_weight_norm
from nocturne_training.models.vae import VaeDecoder, VaeEncoder

RATE = 24_000


def test_the_lapped_functions_are_orthonormal_over_frames() -> None:
    functions = lapped(16, 96)
    assert torch.allclose(functions @ functions.T, torch.eye(16), atol=1e-5)
    assert torch.allclose(functions[:, 96:] @ functions[:, :96].T, torch.zeros(16, 16), atol=1e-5)


def test_the_cosines_are_orthonormal() -> None:
    assert torch.allclose(cosines(24, 24) @ cosines(24, 24).T, torch.eye(24), atol=1e-5)


def configuration(*, wide: bool) -> Config:
    """`tiny`, or the same with enough channels for every coefficient."""
    tiny = load("tiny")
    if not wide:
        return tiny
    modules = {"mrf_kernels": (3, 7), "dilations": (1, 3, 5)}
    encoder = replace(
        tiny.vae.encoder, initial=16, widths=(16, 32, 64, 128), mrf_counts=(1, 1, 1, 1), **modules
    )
    decoder = replace(tiny.vae.decoder, initial=256, widths=(96, 64, 32, 16), **modules)
    return replace(tiny, vae=replace(tiny.vae, encoder=encoder, decoder=decoder))


def codec(config: Config, audio: torch.Tensor) -> tuple[VaeEncoder, VaeDecoder]:
    torch.manual_seed(1)
    encoder, decoder = VaeEncoder(config), VaeDecoder(config)
    for part in (encoder, decoder):
        add_weight_norm(part)
    start_as_lapped_transform(encoder, decoder, config.hop, audio)
    return encoder, decoder


# Tones up to 1.8 kHz come through but for what the residual branches add; above 2 kHz nothing does. The
# channels of `tiny` hold fewer coefficients than a block has samples.
@pytest.mark.parametrize(("wide", "least", "leak"), [(True, 15.0, 0.1), (False, 3.0, 0.3)])
@torch.no_grad()
def test_an_untrained_codec_passes_low_tones(wide: bool, least: float, leak: float) -> None:
    time = torch.arange(RATE) / RATE
    phases = torch.rand(4, 60, generator=torch.Generator().manual_seed(2)) * 2 * math.pi
    hertz = 30.0 + 30.0 * torch.arange(60)
    audio = 0.01 * torch.sin(2 * math.pi * hertz[:, None] * time + phases[..., None]).sum(dim=1)
    encoder, decoder = codec(configuration(wide=wide), audio)
    mean = encoder(audio)[0]
    assert abs(float(mean.std()) - DEVIATION) < 0.1
    restored = decoder(encoder.latents(audio))
    inner = slice(RATE // 10, -RATE // 10)
    assert float(si_sdr(audio[:, inner], restored[:, inner]).min()) > least
    high = 0.01 * torch.sin(2 * math.pi * 5000 * time)[None]
    assert float(decoder(encoder.latents(high)).std()) < leak * float(high.std())
