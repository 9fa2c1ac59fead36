"""Checkpoint directories, initial weights, and the committed fixtures' text path."""

import hashlib
import json

import pytest
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from nocturne_training import checkpoint
from nocturne_training.checkpoint import CheckpointError, digest, fingerprint, load_module
from nocturne_training.config import load
from nocturne_training.fixtures.checkpoint import write_checkpoint
from nocturne_training.initialise import initial_value
from nocturne_training.melody import Melody, play
from nocturne_training.models.modules import TEXT_TO_MUSIC


@pytest.fixture
def directory(tmp_path):
    write_checkpoint(tmp_path)
    return tmp_path


def replace(directory, name, tensors):
    path = directory / f"{name}.safetensors"
    save_file(tensors, path)
    manifest = json.loads((directory / "manifest.json").read_text())
    manifest["files"][path.name]["sha256"] = digest(path)
    (directory / "manifest.json").write_text(json.dumps(manifest))


def test_round_trip(directory):
    for name in TEXT_TO_MUSIC:
        stored = load_file(directory / f"{name}.safetensors")
        module = load_module(directory, name)
        assert all(torch.equal(module.state_dict()[key], value.float()) for key, value in stored.items())
    assert (directory / "config.json").read_text() == load("tiny").text


def test_fingerprint_is_the_documented_digest(directory):
    names = ["dpd", "lm", "mulan_text", "rvq", "vae_decoder"]
    files = [f"{name}.safetensors" for name in names] + ["vocab.txt"]
    text = "".join(f"{name} {digest(directory / name)}\n" for name in files).encode()
    expected = hashlib.sha256(text + (directory / "config.json").read_bytes()).hexdigest()
    assert fingerprint(directory) == expected


def test_faults_name_file_and_key(directory):
    good = load_file(directory / "lm.safetensors")
    key = "norm.weight"
    for tensors, message in (
        ({name: value for name, value in good.items() if name != key}, "norm.weight is missing"),
        ({**good, "other": good[key].clone()}, "other is not expected"),
        ({**good, key: good[key][:3].clone()}, r"norm.weight is \[3\], expected \[64\]"),
        ({**good, key: torch.full_like(good[key], float("nan"))}, "norm.weight has non-finite"),
    ):
        replace(directory, "lm", tensors)
        with pytest.raises(CheckpointError, match=message):
            load_module(directory, "lm")
    (directory / "lm.safetensors").write_bytes(b"")
    with pytest.raises(CheckpointError, match="SHA-256"):
        load_module(directory, "lm")


def test_initial_values_depend_on_seed_module_and_key_only():
    shape = torch.Size([3, 4])
    base = initial_value(1, "lm", "a.weight", shape)
    assert torch.equal(base, initial_value(1, "lm", "a.weight", shape))
    for other in ((2, "lm", "a.weight"), (1, "dpd", "a.weight"), (1, "lm", "b.weight")):
        assert not torch.equal(base, initial_value(*other, shape))


def test_a_caption_becomes_audio_and_its_seed_decides_it(directory):
    melody = Melody(directory)
    first = melody.render("a slow jazz piece", 1, steps=2, seconds=0.2)
    again = melody.render("a slow jazz piece", 1, steps=2, seconds=0.2)
    other = melody.render("a slow jazz piece", 2, steps=2, seconds=0.2)
    assert first.audio.shape == (4800,) and first.latents.shape == (50, 16) and first.tokens.shape == (5,)
    assert torch.equal(first.audio, again.audio) and not torch.allclose(first.audio, other.audio, atol=1e-3)
    rough = Melody(directory, torch.bfloat16).render("a slow jazz piece", 1, steps=2, seconds=0.2)
    assert torch.isfinite(rough.audio).all()


def test_the_decoder_gets_latents_that_are_clipped(directory):
    torch.manual_seed(1)
    dpd, config = load_module(directory, "dpd"), load("tiny")
    tokens, z = torch.arange(25)[None] % config.semantic_vocab, 4.0 * torch.randn(1, 250, config.latent_dim)
    heard = []
    latents, audio = play(dpd, lambda x: heard.append(x) or x.sum(dim=2), tokens, z, 2)
    assert latents.abs().max() > 2 and torch.equal(heard[0], latents.clamp(-1.0, 1.0))
    assert torch.equal(audio, heard[0].sum(dim=2))


def test_a_full_disk_is_one_line_and_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "net.safetensors"
    checkpoint.write_tensors(path, {"a": torch.ones(2)})

    def full(*_: object) -> None:
        raise SafetensorError("I/O error: No space left on device (os error 28)")

    monkeypatch.setattr(checkpoint, "save_file", full)
    with pytest.raises(checkpoint.CheckpointError) as caught:
        checkpoint.write_tensors(path, {"a": torch.zeros(2)})
    assert "No space left on device" in str(caught.value) and "\n" not in str(caught.value)
    assert torch.equal(load_file(path)["a"], torch.ones(2))
    assert list(tmp_path.iterdir()) == [path]
