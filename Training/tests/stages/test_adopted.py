"""Stages that take what a checkpoint holds."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from extraction import untrained
from listening import NETWORKS
from safetensors.torch import load_file

from nocturne_training import train
from nocturne_training.chain.record import Record
from nocturne_training.checkpoint import fingerprint
from nocturne_training.initialise import initialise
from nocturne_training.models.modules import build
from nocturne_training.stages.export import export
from nocturne_training.stages.weights import write
from nocturne_training.trainer.settings import ExportSettings

ALL = "vae,tokenizer,kmeans,mulan,rvq,lm,dpd"


@pytest.fixture
def checkpoint(tmp_path: Path, tones: Path) -> Path:
    """A checkpoint of random networks, in half precision as the shipped one is."""
    context = untrained(tmp_path / "made", tones)
    for seed, (stage, name) in enumerate(NETWORKS.items()):
        network = build(name, context.config)
        initialise(network, name, seed)
        folder = context.stage(stage)
        folder.mkdir(exist_ok=True)
        write(folder, name, network)
        Record.of(stage, "", folder, steps=0, seconds=0.0, device="cpu", figures={}).write(folder)
    export(replace(context, settings=replace(context.settings, export=ExportSettings(dtype="f16"))))
    return context.stage("export") / "checkpoint"


def words(corpus: Path, out: Path, *more: object) -> list[str]:
    given = ("--config", "tiny", "--device", "cpu", "--corpus", corpus, "--out", out, "--jobs", 1, *more)
    return [str(word) for word in given]


def test_a_training_goes_on_from_what_a_checkpoint_holds(
    checkpoint: Path, tones: Path, tmp_path: Path, capfd: pytest.CaptureFixture
) -> None:
    out = tmp_path / "out"
    command = words(tones, out, "--from", checkpoint, "--adopt", ALL, "--set", "export.dtype=f16")
    assert train.main([*command, "--stage", f"{ALL},extract,latents,export"]) == 0
    written, given = out / "export" / "checkpoint", load_file(checkpoint / "lm.safetensors")
    for path in checkpoint.glob("*.safetensors"):
        found, wanted = load_file(written / path.name), load_file(path)
        assert found.keys() == wanted.keys() and all(found[key].equal(wanted[key]) for key in wanted)
    assert all(value.equal(given[key].float()) for key, value in load_file(out / "lm/lm.safetensors").items())
    assert all((out / stage / "shards.json").exists() for stage in ("extract", "latents"))
    said = json.loads((written / "manifest.json").read_text())["provenance"]
    assert said["from"] == fingerprint(checkpoint) and said["stages"]["lm"]["steps"] == 0
    capfd.readouterr()
    assert train.main([*command, "--stage", ALL]) == 0
    assert capfd.readouterr().out.count("finished, inputs unchanged") == 7


def test_stages_side_by_side_adopt_too(checkpoint: Path, tones: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    command = words(tones, out, "--from", checkpoint, "--adopt", "lm,dpd", "--stage", "lm,dpd", "--jobs", 2)
    assert train.main(command) == 0
    for name in ("lm", "dpd"):
        found, given = (load_file(path / f"{name}.safetensors") for path in (out / name, checkpoint))
        assert found.keys() == given.keys() and all(found[key].equal(given[key].float()) for key in given)


def test_another_checkpoint_is_adopted_anew(checkpoint: Path, tones: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    command = words(tones, out, "--from", checkpoint, "--adopt", "lm", "--stage", "lm")
    assert train.main(command) == 0
    manifest = checkpoint / "manifest.json"
    manifest.write_text(manifest.read_text() + "\n")
    assert train.main(command) == 0
    assert [path.name for path in (out / "aside").iterdir()] == ["lm-1"]


def test_what_is_not_adopted_needs_its_inputs_as_ever(
    checkpoint: Path, tones: Path, tmp_path: Path, capfd: pytest.CaptureFixture
) -> None:
    command = words(tones, tmp_path / "out", "--from", checkpoint, "--adopt", "lm", "--stage", "lm,dpd")
    assert train.main(command) == 1
    assert "extract: not finished, and dpd needs it; run it first" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--adopt", "lm"), "error: --adopt lm: name the checkpoint to take it from with --from"),
        (("--adopt", "mulantuned"), "error: --adopt mulantuned: these settings leave it out"),
        (("--adopt", "listeners"), "a checkpoint holds nothing that listeners leaves; only of encoder, vae,"),
        (("--adopt", "lm", "--from", "{}"), "lm.safetensors: SHA-256 differs from manifest.json"),
    ],
)
def test_what_cannot_be_adopted_is_refused(
    more: tuple[str, ...],
    said: str,
    checkpoint: Path,
    tones: Path,
    tmp_path: Path,
    capfd: pytest.CaptureFixture,
) -> None:
    damaged = checkpoint / "lm.safetensors"
    damaged.write_bytes(damaged.read_bytes()[:-1] + b"!")
    given = [word.format(checkpoint) for word in more]
    try:
        code = train.main(words(tones, tmp_path / "out", "--stage", "lm", *given))
    except SystemExit as stopped:
        code = int(stopped.code or 0)
    assert code in (1, 2) and said in capfd.readouterr().err
