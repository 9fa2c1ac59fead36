"""Which stage's networks become the checkpoint."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from extraction import untrained
from listening import NETWORKS
from safetensors.torch import load_file

from nocturne_training.chain.record import Record
from nocturne_training.checkpoint import DTYPES, CheckpointError, fingerprint
from nocturne_training.initialise import initialise
from nocturne_training.models.modules import build
from nocturne_training.stages.context import Context
from nocturne_training.stages.export import export
from nocturne_training.stages.registry import stages_of
from nocturne_training.stages.weights import write
from nocturne_training.trainer.settings import (
    DpdTunedSettings,
    ExportSettings,
    LmGuidedSettings,
    LmTunedSettings,
    MulanTunedSettings,
    VaeTunedSettings,
)


@pytest.fixture
def run(tmp_path: Path, tones: Path) -> Context:
    """Networks of random weights, another seed's where they are tuned."""
    context = untrained(tmp_path, tones)
    places = NETWORKS | {f"{stage}tuned": name for stage, name in NETWORKS.items()}
    for seed, (stage, name) in enumerate(places.items()):
        network = build(name, context.config)
        initialise(network, name, seed)
        (tmp_path / stage).mkdir(exist_ok=True)
        write(tmp_path / stage, name, network)
    for stage in (*places, "tokenizer", "listeners", "soundlisteners"):
        folder = tmp_path / stage
        folder.mkdir(exist_ok=True)
        Record.of(stage, "", folder, steps=0, seconds=0.0, device="cpu", figures={"of": 1.0}).write(folder)
    return context


@pytest.mark.parametrize(
    "tuned", [(), ("lm",), ("dpd",), ("vae",), ("mulan",), ("lm", "dpd", "vae", "mulan")]
)
def test_tuned_networks_take_the_place_of_the_others(run: Context, tuned: tuple[str, ...]) -> None:
    kinds = {"lm": LmTunedSettings, "dpd": DpdTunedSettings, "vae": VaeTunedSettings}
    kinds |= {"mulan": MulanTunedSettings}
    changes = {f"{name}tuned": kinds[name](steps=1) for name in tuned}
    context = replace(run, settings=replace(run.settings, **changes))
    export(context)
    checkpoint = context.stage("export") / "checkpoint"
    for first, name in [*NETWORKS.items(), ("vae", "vae_encoder"), ("mulan", "mulan_audio")]:
        untuned = first not in tuned or name in ("vae_encoder", "mulan_audio")
        stage = first if untuned else f"{first}tuned"
        written, wanted = (load_file(p / f"{name}.safetensors") for p in (checkpoint, context.stage(stage)))
        assert all(written[key].equal(wanted[key]) for key in wanted) and written.keys() == wanted.keys()
    stages = json.loads((checkpoint / "manifest.json").read_text())["provenance"]["stages"]
    expected = {f"{name}tuned" for name in tuned}
    expected |= {"listeners"} if {"lm", "dpd"} & set(tuned) else set()
    expected |= {"soundlisteners"} if "vae" in tuned else set()
    others = {"listeners", "soundlisteners", *(f"{name}tuned" for name in NETWORKS)}
    assert others & stages.keys() == expected
    assert stages["dpd"]["figures"] == {"of": 1.0}


def test_the_guided_language_model_takes_the_place_of_the_tuned_one(run: Context) -> None:
    settings = replace(run.settings, lmtuned=LmTunedSettings(steps=1), lmguided=LmGuidedSettings(steps=1))
    folder, network = run.stage("lmguided"), build("lm", run.config)
    initialise(network, "lm", 9)
    folder.mkdir()
    write(folder, "lm", network)
    Record.of("lmguided", "", folder, steps=0, seconds=0.0, device="cpu", figures={}).write(folder)
    export(replace(run, settings=settings))
    checkpoint = run.stage("export") / "checkpoint"
    written = load_file(checkpoint / "lm.safetensors")
    assert all(value.equal(written[key]) for key, value in load_file(folder / "lm.safetensors").items())
    stages = json.loads((checkpoint / "manifest.json").read_text())["provenance"]["stages"]
    assert {"lm", "lmtuned", "lmguided"} <= stages.keys()


def test_it_says_what_every_stage_says_of_itself(run: Context) -> None:
    export(run)
    manifest = json.loads((run.stage("export") / "checkpoint/manifest.json").read_text())
    learned = [stage.name for stage in stages_of(run.settings) if stage.learns]
    assert sorted(manifest["provenance"]["stages"]) == sorted(learned) and "tokenizer" in learned


@pytest.mark.parametrize("name", ["f32", "bf16", "f16"])
def test_tensors_are_stored_as_the_settings_say(run: Context, name: str) -> None:
    export(replace(run, settings=replace(run.settings, export=ExportSettings(dtype=name))))
    checkpoint = run.stage("export") / "checkpoint"
    files = json.loads((checkpoint / "manifest.json").read_text())["files"]
    for file in checkpoint.glob("*.safetensors"):
        assert files[file.name]["dtype"] == name
        assert {tensor.dtype for tensor in load_file(file).values()} == {DTYPES[name]}


def test_the_checkpoint_before_stays_until_the_new_one_is_whole(
    run: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    export(run)
    checkpoint = run.stage("export") / "checkpoint"
    before = fingerprint(checkpoint)
    network = build("dpd", run.config)
    initialise(network, "dpd", 77)
    write(run.stage("dpd"), "dpd", network)

    def full(path: Path, *_: object) -> None:
        raise CheckpointError(f"{path}: not written (No space left on device)")

    with monkeypatch.context() as patched:
        patched.setattr("nocturne_training.checkpoint.write_tensors", full)
        with pytest.raises(CheckpointError, match="No space left"):
            export(run)
    assert fingerprint(checkpoint) == before
    export(run)
    assert fingerprint(checkpoint) != before
    assert [path.name for path in run.stage("export").iterdir()] == ["checkpoint"]
