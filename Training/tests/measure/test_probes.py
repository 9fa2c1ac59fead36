"""Probes learn what can be heard, and nothing where nothing can be learned."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from nocturne_training.corpus.dataset import Clip
from nocturne_training.corpus.vocabulary import KEYS
from nocturne_training.measure.control import agreement
from nocturne_training.measure.listening import LOWEST, Heard, hear
from nocturne_training.measure.probes import learn, true_traits, varied

SECONDS, RATE = 2, 24_000
TIME = np.arange(SECONDS * RATE) / RATE


def toy(number: int) -> tuple[np.ndarray, dict[str, Any]]:
    """A flute of sines or a reed of odd partials holds a triad, with or without bursts of noise."""
    random = np.random.default_rng(number)
    flute, minor, drums = (bool(random.integers(2)) for _ in range(3))
    tonic = int(random.integers(12))
    audio = 1e-3 * random.normal(size=TIME.size)
    for step in (-12, 0, 3 if minor else 4, 7):
        hertz = 440.0 * 2 ** ((60 + tonic + step - 69) / 12)
        for partial in (1,) if flute else (1, 3, 5, 7):
            audio += 0.1 / partial * np.sin(2 * np.pi * hertz * partial * TIME + random.uniform(0, 6))
    if drums:
        audio += 0.2 * random.normal(size=TIME.size) * np.exp(-30 * (TIME % 0.5))
    lead, family = ("flute", "flute") if flute else ("clarinet", "reed")
    families = [family, "drums"] if drums else [family]
    quality = "minor" if minor else "major"
    return audio.astype(np.float32), {
        "lead": lead, "lead_family": family, "families": families, "drums": drums, "bpm": 120,
        "tempo": "medium", "key": KEYS[tonic], "mode": quality, "quality": quality,
        "style": "march" if drums and flute else "tango",
    }  # fmt: skip


@pytest.fixture(scope="module")
def clips() -> tuple[Heard, list[dict[str, Any]]]:
    made = [toy(number) for number in range(160)]
    return hear(audio for audio, _ in made), [labels for _, labels in made]


def part(heard: Heard, chosen: slice) -> Heard:
    return Heard(heard.mel[chosen], heard.pitch[chosen])


def accuracies(heard: Heard, labels: list[dict[str, Any]], shuffle: bool) -> dict[str, float | None]:
    """Learned from the first 96 clips, with their labels or with those of others; judged on the rest."""
    order = np.random.default_rng(3).permutation(96) if shuffle else np.arange(96)
    probes = learn(part(heard, slice(96)), [labels[place] for place in order], 12, lambda _: None)
    true = [true_traits(Clip("", Path(), (), own, SECONDS)) for own in labels[96:]]
    found = probes.judge(part(heard, slice(96, None)))
    return {name: agreement(true, found, name) for name in ("family", "drums", "quality", "style")}


def test_what_can_be_heard_is_learned(clips: tuple[Heard, list[dict[str, Any]]]) -> None:
    found = accuracies(*clips, shuffle=False)
    assert min(value or 0.0 for value in found.values()) > 0.9, found


def test_labels_of_other_clips_teach_nothing(clips: tuple[Heard, list[dict[str, Any]]]) -> None:
    found = accuracies(*clips, shuffle=True)
    # Three in four are tangos.
    assert found.pop("style") < 0.85 and max(value or 0.0 for value in found.values()) < 0.75, found


def test_equal_inputs_make_equal_probes(clips: tuple[Heard, list[dict[str, Any]]]) -> None:
    heard, labels = part(clips[0], slice(40)), clips[1][:40]
    one, other = (learn(heard, labels, 1, lambda _: None) for _ in range(2))
    for part_of in ("timbre", "style"):
        again = getattr(other, part_of).state_dict()
        for name, value in getattr(one, part_of).state_dict().items():
            assert torch.equal(value, again[name]), name


def test_semitones_are_heard_where_they_are() -> None:
    heard = hear([np.sin(2 * np.pi * 440.0 * TIME).astype(np.float32)])
    assert int(heard.pitch[0].mean(axis=0).argmax()) + LOWEST == 69


def test_variation_keeps_a_part_of_each_clip_but_for_its_tilt_and_a_few_bands() -> None:
    """Every value of a clip tells where it stands, so a part tells where it was cut."""
    frames = torch.arange(300.0)[None, :, None] * 100
    parts = varied(frames.expand(3, 300, 80), torch.Generator().manual_seed(2))
    assert parts.shape == (3, 188, 80)
    rises = parts.diff(dim=1)
    kept = (rises - 100).abs() < 1e-2
    assert kept.all(dim=1).sum(dim=1).min() >= 72
    assert not kept.all()
    assert (parts[:, 0].diff(dim=1).abs().median(dim=1).values > 0).all()
