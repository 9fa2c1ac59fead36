"""Figures of sound, of spaces and of foreign captions."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nocturne_training.corpus.dataset import CorpusError
from nocturne_training.corpus.vocabulary import FAMILIES
from nocturne_training.measure.embeddings import Embedded
from nocturne_training.measure.musiccaps import foreign, listed
from nocturne_training.measure.renders import Setting
from nocturne_training.measure.rows import cycle_row, frechet_rows, sound_rows
from nocturne_training.measure.sound import Sound

RANDOM = np.random.default_rng(3)
TONE = np.sin(2 * np.pi * 220 * np.arange(24_000) / 24_000)


def test_a_tone_has_the_peak_and_power_of_a_sine() -> None:
    sound = Sound.of(0.5 * TONE)
    assert sound.peak == pytest.approx(-6.02, abs=0.01)
    assert sound.rms == pytest.approx(-9.03, abs=0.01)
    assert (sound.silent, sound.clipped, sound.damaged) == (False, False, False)


def test_silence_clipping_and_what_is_no_number_are_told_apart() -> None:
    assert Sound.of(np.zeros(100)).silent and Sound.of(1e-4 * TONE).silent
    assert Sound.of(np.clip(1.5 * TONE, -1, 1)).clipped
    touching = 0.5 * TONE.copy()
    touching[100] = 1.0
    assert not Sound.of(touching).clipped
    broken = TONE.copy()
    broken[5] = np.nan
    assert Sound.of(broken).damaged


def test_faults_are_counted_and_a_spread_beyond_the_corpus_misses_its_bar() -> None:
    corpus = [Sound.of(gain * TONE) for gain in np.linspace(0.1, 0.9, 30)]
    rows = sound_rows([Sound.of(gain * TONE) for gain in (0.0, 0.2, 0.5)], corpus, corpus)
    assert [(row.generated, row.real, row.met) for row in rows[:3]] == [
        (1, 0, False),
        (0, 0, True),
        (0, 0, True),
    ]
    assert [row.met for row in rows[3:]] == [False, False]
    assert [row.met for row in sound_rows(corpus[3:20], corpus, corpus)] == [True] * 5


def test_cycle_consistency_is_the_cosine_and_the_control_another_captions() -> None:
    texts = np.eye(4)
    row = cycle_row(0.6 * texts + 0.2, 0.5 * texts, texts, [1, 2, 3, 0])
    assert (row.generated, row.real, row.shuffled, row.met) == (
        pytest.approx(0.8),
        0.5,
        pytest.approx(0.2),
        True,
    )


def test_distances_are_held_to_the_papers_ordering() -> None:
    real = RANDOM.normal(size=(400, 4))
    shifts = {
        Setting(5): 1.1,
        Setting(10): 1.05,
        Setting(20): 1.0,
        Setting(5, "uniform"): 2.0,
        Setting(20, "uniform"): 0.5,
    }
    generated = {setting: Embedded(real + shift, 2 * real + shift) for setting, shift in shifts.items()}
    rows = frechet_rows(generated, Embedded(real, real), list(shifts))
    assert len(rows) == 2 * len(shifts)
    assert rows[0].generated == pytest.approx(4 * 1.1**2)
    assert [row.met for row in rows[:5]] == [True, True, True, True, False]
    assert rows[0].real is not None and 0 < float(rows[0].real) < 0.2
    few = frechet_rows(
        {**generated, Setting(5): Embedded(real + 1.2, real + 1.2)},
        Embedded(real, real),
        list(shifts),
    )
    assert few[0].met is False
    other = {replace(setting, seed=3, precision="int8"): heard for setting, heard in generated.items()}
    again = frechet_rows(other, Embedded(real, real), list(other))
    assert [(row.bar, row.met) for row in again] == [(row.bar, row.met) for row in rows]


def test_the_floor_of_a_distance_is_that_of_the_real_clips_halves() -> None:
    real = RANDOM.normal(size=(400, 4))
    real[1::2] = real[::2] + 3.0
    rows = frechet_rows({Setting(5): Embedded(real, real)}, Embedded(real, real + 1), [Setting(5)])
    assert [row.real for row in rows] == pytest.approx([4 * 3.0**2] * 2)
    assert rows[0].generated == pytest.approx(0.0, abs=1e-6)


def test_the_foreign_captions_are_a_hundred_of_families_that_lead() -> None:
    families = listed()
    assert len(families) == 100
    assert set(families.values()) <= {*FAMILIES} - {"bass", "drums"}


def test_foreign_captions_come_from_the_file_and_their_lack_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "captions.csv"
    lines = [f'{ytid},"a {family}, and ""more"""' for ytid, family in listed().items()]
    path.write_text("\n".join(["ytid,caption", *lines]) + "\n", encoding="utf-8")
    found = foreign(path, 10)
    assert len({caption.id for caption in found}) == 10
    assert all(caption.caption == f'a {caption.family}, and "more"' for caption in found)
    path.write_text("\n".join(["ytid,caption", *lines[1:]]) + "\n", encoding="utf-8")
    with pytest.raises(CorpusError, match="lacks 1 of the 100 captions"):
        foreign(path, 10)
    with pytest.raises(CorpusError, match="not MusicCaps"):
        foreign(tmp_path / "none.csv", 10)
