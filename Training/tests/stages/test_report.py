"""What a training has learned, asked of stages that learned and of stages that were adopted."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from extraction import copy_of, untrained

from nocturne_training import report, train
from nocturne_training.chain.record import Record, recorded
from nocturne_training.report import stage_figures
from nocturne_training.stages.context import Context
from nocturne_training.stages.registry import stage_of
from nocturne_training.trainer.settings_file import changes, load, of

SHORT = ("steps=6", "batch=2", "validationClips=2", "validateEvery=0", "ema=0.5")
PACE = [word for key in SHORT for word in ("--set", f"lm.{key}")]


@pytest.fixture
def run(extracted: Path, tones: Path, tmp_path: Path) -> Path:
    """A run directory whose language model has learned a little, and averages its weights."""
    out = copy_of(extracted, tmp_path / "run")
    given = ("--config", "tiny", "--device", "cpu", "--corpus", tones, "--out", out, "--stage", "lm", *PACE)
    assert train.main([str(word) for word in given]) == 0
    return out


def context_of(run: Path, tones: Path, split: str) -> Context:
    return replace(untrained(run, tones, of(run, recorded(run))), held_out=split)


def figures(run: Path, tones: Path, split: str = "test") -> dict[str, float] | None:
    context = context_of(run, tones, split)
    return stage_figures(stage_of(context.settings, "lm"), context)


def test_a_stage_is_measured_on_the_split_that_is_asked_for(run: Path, tones: Path) -> None:
    learned = Record.read(run / "lm")
    assert learned is not None
    assert figures(run, tones, "valid") == pytest.approx(learned.figures)
    assert figures(run, tones)["loss"] != pytest.approx(learned.figures["loss"])


def test_what_was_adopted_is_measured_by_what_it_left(run: Path, tones: Path) -> None:
    learned = figures(run, tones)
    (run / "lm" / "state.pt").unlink()
    assert figures(run, tones) == pytest.approx(learned)
    context = context_of(run, tones, "test")
    assert stage_figures(stage_of(context.settings, "kmeans"), context) is None


def test_the_settings_that_each_stage_was_run_with_are_found_again(
    run: Path, tones: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    only = stage_of(load("tiny"), "lm")
    monkeypatch.setattr(report, "stages_of", lambda _: (only,))
    monkeypatch.setattr(report, "token_figures", lambda context, clips: {"seen": float(clips)})
    untrained(run, tones)
    words = ["--config", "tiny", "--device", "cpu", "--out", str(run), "--corpus", str(tones), "--clips", "2"]
    assert report.main(words) == 0
    found = json.loads((run / "report.json").read_text())
    assert found["lm"] == pytest.approx(figures(run, tones)) and found["tokens"] == {"seen": 2.0}
    assert f"lm             loss {'':27} {found['lm']['loss']:.4g}" in capsys.readouterr().out
    assert of(run, recorded(run)).lm == load("tiny", changes(PACE[1::2])).lm
    # Another stage, run later with other settings, says nothing of this one.
    again = ("--config", "tiny", "--device", "cpu", "--corpus", tones, "--out", run, "--stage", "mulan")
    assert train.main([str(word) for word in (*again, "--set", "mulan.steps=1", "--quiet")]) == 0
    run_with = of(run, recorded(run))
    assert (run_with.lm.ema, run_with.mulan.steps) == (0.5, 1)
    assert report.main([*words, "--set", "lm.ema=0"]) == 0
    assert json.loads((run / "report.json").read_text())["lm"]["loss"] != found["lm"]["loss"]
