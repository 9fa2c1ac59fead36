"""The corpus that the chain makes where it is given none."""

from __future__ import annotations

from pathlib import Path

import pytest
from toy import ALONE

from nocturne_training.chain.corpus import made
from nocturne_training.corpus.dataset import Corpus
from nocturne_training.corpus.unpacked import SAMPLES
from nocturne_training.trainer.errors import TrainingError
from nocturne_training.trainer.settings import CorpusSettings

SMALL = CorpusSettings(hours=0.02, seed=7, soundfont="timgm6mb")


def test_a_corpus_is_made_and_unpacked_once(tmp_path: Path) -> None:
    made(tmp_path, SMALL, ALONE)
    assert not (tmp_path / SAMPLES).exists() and Corpus.open(tmp_path).split("train")
    unpacked = CorpusSettings(**{**vars(SMALL), "unpacked": True})
    made(tmp_path, unpacked, ALONE)
    written = (tmp_path / SAMPLES).stat().st_mtime_ns
    assert all(clip.unpacked is not None for clip in Corpus.open(tmp_path).split("train"))
    made(tmp_path, unpacked, ALONE)
    assert (tmp_path / SAMPLES).stat().st_mtime_ns == written


def test_the_command_that_failed_is_named(tmp_path: Path, capfd: pytest.CaptureFixture) -> None:
    reason = f"corpus make --out {tmp_path} .*soundfont=none: failed; see the line above"
    with pytest.raises(TrainingError, match=reason):
        made(tmp_path, CorpusSettings(soundfont="none"), ALONE)
    assert "none: no such soundfont" in capfd.readouterr().err
