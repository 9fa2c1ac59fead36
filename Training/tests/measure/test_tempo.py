"""The tempo estimator on clicks of known tempo."""

from __future__ import annotations

import numpy as np
import torch

from nocturne_training.losses.spectral import log_mel
from nocturne_training.measure.tempo import classes, estimate, fit, onsets
from nocturne_training.trainer.randomness import generator

SECONDS, RATE = 10, 24_000


def clicks(bpm: float, seed: int) -> np.ndarray:
    """A low thump on each beat, a high tick on each half: what tells a tempo from its double."""
    random = np.random.default_rng(seed)
    audio = 1e-3 * random.normal(size=SECONDS * RATE)
    time = np.arange(1200) / RATE
    thump = np.exp(-60 * time) * np.sin(2 * np.pi * 110 * time)
    tick = 0.3 * np.exp(-90 * time) * random.normal(size=time.size)
    start = random.uniform(0.0, 60 / bpm)
    for half in range(int(2 * (SECONDS - start) * bpm / 60)):
        place = int((start + 30 / bpm * half + random.normal(scale=0.004)) * RATE)
        sound = (tick, thump)[half % 2 == 0]
        audio[max(0, place) : place + sound.size] += sound[: max(0, audio.size - place)][: sound.size]
    return audio.astype(np.float32)


def heard(tempos: list[float], seed: int) -> torch.Tensor:
    """Log-mels as `listening` makes them."""
    audio = torch.from_numpy(np.stack([clicks(bpm, seed + place) for place, bpm in enumerate(tempos)]))
    return torch.nn.functional.avg_pool1d(log_mel(audio).transpose(1, 2), 2).transpose(1, 2)


def test_clicks_of_other_tempos_than_learned_are_estimated_within_two_percent() -> None:
    learned = [float(bpm) for bpm in np.linspace(52, 178, 60)]
    pulse = fit(heard(learned, 0), torch.tensor(learned), generator("test", "tempo"), steps=150)
    asked = [61.0, 77.0, 96.5, 118.0, 124.0, 143.0, 169.0]
    scores = pulse(heard(asked, 1000))
    ratio = estimate(scores) / torch.tensor(asked)
    assert ((ratio - 1).abs() < 0.02).all(), estimate(scores)
    assert classes(scores).argmax(dim=1).tolist() == [0, 0, 1, 1, 1, 2, 2]


def test_onsets_rise_in_the_band_that_sounds() -> None:
    audio = torch.zeros(1, RATE)
    audio[0, 12_000:] = torch.sin(2 * torch.pi * 100 * torch.arange(12_000) / RATE)
    low, _, high, _ = onsets(log_mel(audio))[0]
    start = int(low.argmax())
    assert abs(start * 256 - 12_000) < 1024
    assert low[start] > 4 * high.max()
