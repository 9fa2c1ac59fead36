"""The command line and where the corpus comes from."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from nocturne_training.checkpoint import CheckpointError
from nocturne_training.corpus.dataset import CorpusError
from nocturne_training.measure.__main__ import arguments, corpus, folder, main, plan, provenance
from nocturne_training.measure.measurement import Measurement
from nocturne_training.measure.renders import Setting

NEEDED = ["--nocturne", "n", "--model", "m", "--out", "o"]


def test_all_is_measured_unless_less_is_asked_for() -> None:
    whole = plan(arguments(NEEDED))
    assert (whole.captions, whole.foreign, whole.retold, len(whole.settings)) == (200, 100, 100, 6)
    assert whole.settings[0] == Setting(5, "linear")
    few = plan(arguments([*NEEDED, "--captions", "20", "--steps", "5,20", "--schedules", "linear"]))
    assert (few.captions, few.foreign, few.retold, few.epochs) == (20, 20, 20, whole.epochs)
    assert list(few.settings) == [Setting(5), Setting(20)]
    assert plan(arguments([*NEEDED, "--quick"])).captions == 8


def test_another_seed_or_precision_has_a_table_of_its_own() -> None:
    usual = arguments(NEEDED)
    assert folder(usual) == Path("o")
    assert {(setting.seed, setting.precision) for setting in plan(usual).settings} == {(0, "auto")}
    other = arguments(
        [*NEEDED, "--seed", "3", "--precision", "int8", "--steps", "5", "--schedules", "linear"]
    )
    assert folder(other) == Path("o/int8-seed-3-linear-5")
    assert plan(other).settings == [Setting(5, "linear", 3, "int8")]


def test_control_alone_is_one_setting_with_a_table_of_its_own() -> None:
    options = arguments([*NEEDED, "--control", "--seed", "2", "--precision", "f32", "--split", "valid"])
    assert plan(options).settings == [Setting(5, "linear", 2, "f32")] and plan(options).control
    assert folder(options) == Path("o/valid-f32-seed-2-linear-5-control")


def test_other_held_out_clips_have_a_table_of_their_own() -> None:
    given = SimpleNamespace(split=lambda name: [name])
    for words, where, held_out in (
        ([], "o", "test"),
        (["--split", "valid"], "o/valid-auto-seed-0", "valid"),
    ):
        options = arguments([*NEEDED, *words])
        measured = Measurement(given, None, plan(options), None, print)
        assert folder(options) == Path(where)
        assert measured.held_out == [held_out]


def test_no_measurement_takes_the_place_of_another() -> None:
    """What the model card asks for twice, in full and with three seeds, has two tables."""
    asked = [
        [],
        ["--quick"],
        ["--captions", "20"],
        ["--epochs", "3"],
        ["--steps", "5"],
        ["--steps", "5,10"],
        ["--schedules", "linear"],
        ["--precision", "f32"],
        ["--precision", "f32", "--steps", "5", "--schedules", "linear"],
        ["--precision", "f32", "--steps", "5", "--schedules", "linear", "--seed", "1"],
    ]
    assert len({folder(arguments([*NEEDED, *words])) for words in asked}) == len(asked)
    assert folder(arguments([*NEEDED, "--captions", "200", "--epochs", "30"])) == Path("o")


@pytest.mark.parametrize(
    "words",
    [
        ["--split", "train"],
        ["--steps", "5,5"],
        ["--steps", "0"],
        ["--steps", "x"],
        ["--schedules", "cosine"],
        ["--precision", "f16"],
    ],
)
def test_what_cannot_be_rendered_is_refused(words: list[str]) -> None:
    with pytest.raises(SystemExit):
        arguments([*NEEDED, *words])


def test_a_checkpoint_that_names_no_corpus_needs_one(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text(json.dumps({"provenance": {"corpus": {"kind": "imported"}}}))
    assert provenance(tmp_path) == {"kind": "imported"}
    with pytest.raises(CorpusError, match="give one with --corpus"):
        corpus(None, provenance(tmp_path), tmp_path)
    with pytest.raises(CheckpointError, match="not readable"):
        provenance(tmp_path / "none")


def test_a_fault_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--nocturne", "n", "--model", str(tmp_path), "--out", str(tmp_path)]) == 1
    assert len(capsys.readouterr().err.splitlines()) == 1
