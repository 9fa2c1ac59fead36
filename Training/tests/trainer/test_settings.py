from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from nocturne_training import config as configuration
from nocturne_training import trainer
from nocturne_training.chain.record import identity
from nocturne_training.stages.registry import stage_of
from nocturne_training.trainer.distributed import join
from nocturne_training.trainer.errors import TrainingError
from nocturne_training.trainer.precision import mixed
from nocturne_training.trainer.settings_file import SIZED, changes, load, named


def test_named_settings_load_and_differ() -> None:
    tiny, demo, paper = (load(name) for name in ("tiny", "demo", "paper"))
    assert tiny.vae.steps < demo.vae.steps < paper.vae.steps
    assert (paper.dpd.learning_rate, paper.dpd.batch, paper.dpd.ema) == (5e-4, 96, 0.999)


def test_every_settings_file_loads() -> None:
    files = sorted((Path(trainer.__file__).parent.parent / "settings").glob("*.yaml"))
    assert {path.stem for path in files} == set(SIZED)
    for path in files:
        settings, config = load(path), configuration.load(path.stem.partition("-")[0])
        kmeans, vocab = settings.kmeans, config.semantic_vocab
        told = kmeans.told_centres
        assert told == 0 or (settings.tokenizer.label_weight > 0 and vocab % told == 0), path
        frames = kmeans.kept_frames or kmeans.crop_seconds * config.semantic_rate
        assert frames * kmeans.batch >= vocab, f"{path}: k-means begins from frames of one batch"


def test_a_gpu_takes_the_settings_that_are_sized_for_one() -> None:
    assert named("demo", "cuda") == "demo-gpu" and named("demo", "cpu") == "demo"
    assert named("tiny", "cuda") == "tiny" and named("mine.json", "cuda") == "mine.json"


def test_what_is_left_out_keeps_its_default_and_changes_win(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("vae: {steps: 7}\n")
    settings = load(path, {"vae.batch": 3, "lm.steps": 9})
    assert (settings.vae.steps, settings.vae.batch, settings.lm.steps) == (7, 3, 9)
    assert settings.vae.learning_rate == 2e-4


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("vaa: {steps: 7}", "stage vaa is unknown"),
        ("vae: {stepz: 7}", "stepz"),
        ("vae: {steps: many}", "vae.steps is 'many', not of type int"),
        ("vae: {precision: f8}", "vae.precision is 'f8'"),
        ("vae: [1]", "vae is not a mapping"),
        ("vae: 0", "vae is not a mapping"),
        ("vae: {betas: 0.9}", "vae.betas is 0.9, not a list"),
        ("- 1", "not a mapping of stages"),
        ("vae: {steps: 7", "not YAML"),
    ],
)
def test_faults_are_named_in_one_line(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "faulty.yaml"
    path.write_text(text)
    with pytest.raises(TrainingError) as caught:
        load(path)
    message = str(caught.value)
    assert said in message and str(path) in message and "\n" not in message


def test_numbers_are_those_of_yaml_1_2_and_empty_stages_keep_their_defaults(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("lm: {learningRate: 1e-4, betas: [9e-1, .95]}\nvae:\n")
    settings = load(path, changes(["vae.batch=3", "dpd.learningRate=5E-05", "lm.steps=12"]))
    assert (settings.lm.learning_rate, settings.lm.betas, settings.lm.steps) == (1e-4, (0.9, 0.95), 12)
    assert (settings.vae.batch, settings.dpd.learning_rate) == (3, 5e-5)
    for pair in ("lm.steps", "steps=3", "lm.betas=[1"):
        with pytest.raises(TrainingError, match="--set"):
            changes([pair])


def test_a_gpu_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(TrainingError, match="--device cuda: PyTorch finds no GPU here"):
        join("cuda")


def test_a_missing_file_is_named() -> None:
    with pytest.raises(TrainingError, match="no-such"):
        load("no-such.yaml")


def test_length_and_reporting_leave_the_identity_alone() -> None:
    base = load("tiny").vae.identity()
    assert load("tiny", {"vae.steps": 9, "vae.logEvery": 3}).vae.identity() == base
    assert load("tiny", {"vae.batch": 9}).vae.identity() != base
    tuned = load("tiny").dpdtuned.identity()
    assert load("tiny", {"dpdtuned.drumsWeight": 2}).dpdtuned.identity() != tuned


@pytest.mark.parametrize(
    ("precision", "native", "mixes"),
    [("f32", True, False), ("bf16", False, True), ("auto", True, True), ("auto", False, False)],
)
def test_precision_follows_the_device_where_it_is_left_to_it(
    precision: str, native: bool, mixes: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nocturne_training.trainer.precision.has_bf16", lambda _: native)
    with mixed("cpu", precision):
        product = torch.ones(2, 2) @ torch.ones(2, 2)
    assert product.dtype == (torch.bfloat16 if mixes else torch.float32)


def changed(stage: str, **settings: object) -> bool:
    """Whether a stage learns anew when these settings are set."""
    shapes, both = configuration.load("demo"), (load("demo"), load("demo", settings))
    return len({identity(stage_of(each, stage), shapes, each, {}) for each in both}) == 2


def test_stages_that_ask_what_others_are_set_to_learn_anew_with_them() -> None:
    assert changed("encoder", **{"vae.start": "lapped"}) and changed("encoder", **{"vae.seed": 8})
    assert not changed("encoder", **{"vae.steps": 9})
    for stage in ("mulantuned", "extract", "listeners", "lmtuned", "lmguided", "dpdtuned"):
        assert changed(stage, **{"kmeans.dividedBy": "drums"}), stage
    assert not changed("lm", **{"kmeans.dividedBy": "drums"}), "its tokens are other ones"


def test_a_stage_learns_anew_where_its_own_networks_are_configured_otherwise() -> None:
    demo, settings = configuration.load("demo"), load("demo")
    changed_lm = replace(demo, lm=replace(demo.lm, layers=demo.lm.layers + 1))
    for stage, anew in (("lm", True), ("lmguided", True), ("vae", False), ("dpd", False), ("extract", False)):
        both = {identity(stage_of(settings, stage), shapes, settings, {}) for shapes in (demo, changed_lm)}
        assert (len(both) == 2) == anew, stage
