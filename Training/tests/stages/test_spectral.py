from __future__ import annotations

import numpy as np
import torch

from nocturne_training.losses import adversarial
from nocturne_training.losses.spectral import log_mel_error, magnitudes, multi_resolution, si_sdr


def naive_magnitudes(audio: np.ndarray, fft: int, window: int, hop: int) -> np.ndarray:
    """One frame after the other, [N] -> [fft / 2 + 1, frames]"""
    padded = np.pad(audio, fft // 2, mode="reflect")
    hann = np.zeros(fft)
    side = (fft - window) // 2
    hann[side : side + window] = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(window) / window)
    frames = range(0, len(padded) - fft + 1, hop)
    return np.stack([np.abs(np.fft.rfft(padded[start : start + fft] * hann)) for start in frames], axis=1)


def test_magnitudes_equal_a_naive_transform() -> None:
    audio = torch.randn(1, 3_000, dtype=torch.float64)
    for sizes in ((512, 256, 128), (32, 16, 8)):
        expected = naive_magnitudes(audio[0].numpy(), *sizes)
        assert np.allclose(magnitudes(audio, *sizes)[0].numpy(), np.maximum(expected, 1e-5), atol=1e-9)


def test_the_spectral_loss_has_the_gradient_of_its_differences() -> None:
    real = torch.randn(1, 700, dtype=torch.float64)
    generated = torch.randn(1, 700, dtype=torch.float64, requires_grad=True)
    multi_resolution(real, generated).backward()
    for index in (0, 1, 350, 699):
        step = torch.zeros_like(real)
        step[0, index] = 1e-6
        with torch.no_grad():
            slope = multi_resolution(real, generated + step) - multi_resolution(real, generated - step)
        assert torch.isclose(slope / 2e-6, generated.grad[0, index], rtol=1e-5, atol=1e-9)


def test_the_gradient_of_silence_is_finite() -> None:
    silence = torch.zeros(1, 16_384, requires_grad=True)
    multi_resolution(torch.randn(1, 16_384), silence).backward()
    assert torch.isfinite(silence.grad).all()


def test_equal_audio_has_no_error_and_noise_has_its_ratio() -> None:
    audio = torch.randn(2, 24_000)
    assert multi_resolution(audio, audio) == 0 and log_mel_error(audio, audio) == 0
    noisy = audio + 0.1 * torch.randn(2, 24_000)
    assert torch.allclose(si_sdr(audio, 3 * noisy), torch.tensor(20.0), atol=0.3)


def test_losses_of_the_game_are_least_where_they_should_be() -> None:
    def judged(score: float) -> list[adversarial.Judgement]:
        return [(torch.full((2, 3), score), [torch.full((2, 3), score)])] * 2

    assert adversarial.discriminator(judged(1.0), judged(0.0)) == 0
    assert adversarial.discriminator(judged(0.0), judged(1.0)) == 4
    assert adversarial.generator(judged(1.0)) == 0 and adversarial.generator(judged(0.0)) == 2
    assert adversarial.features(judged(0.25), judged(0.0)) == 0.5


def test_kl_is_that_of_the_gaussians() -> None:
    mean, log_variance = torch.tensor([0.0, 1.5]), torch.tensor([0.0, -0.7])
    standard = torch.distributions.Normal(torch.zeros(2), torch.ones(2))
    ours = torch.distributions.Normal(mean, (0.5 * log_variance).exp())
    expected = torch.distributions.kl_divergence(ours, standard).mean()
    assert torch.isclose(adversarial.kl(mean, log_variance), expected)
