"""The extraction cache: what it holds, what a kill leaves, what makes it anew."""

from __future__ import annotations

import errno
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from extraction import untrained
from listening import labelled_context
from safetensors.torch import save_file
from tones import make_tones

from nocturne_training import checkpoint
from nocturne_training.checkpoint import CheckpointError
from nocturne_training.initialise import initialise
from nocturne_training.models.modules import build
from nocturne_training.stages import shards
from nocturne_training.stages.captions import Words
from nocturne_training.stages.clips import whole
from nocturne_training.stages.context import Context
from nocturne_training.stages.extract import Networks, extract
from nocturne_training.stages.latents import Encoding, latents
from nocturne_training.stages.lm import LmTask
from nocturne_training.stages.reading import Reader
from nocturne_training.stages.tensors import INDEX, Extracted, Latents, shard_name
from nocturne_training.stages.weights import write
from nocturne_training.trainer.errors import TrainingError
from nocturne_training.trainer.randomness import Draw, generator
from nocturne_training.trainer.settings import KmeansSettings, LmSettings, Settings, TokenizerSettings


def bytes_of(context: Context, name: str) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in context.stage(name).iterdir()}


@torch.no_grad()
def test_tensors_are_what_the_networks_say_of_each_clip(extracted: Path, tones: Path) -> None:
    context = untrained(extracted, tones)
    networks, encoding, words = Networks(context), Encoding(context), Words(context.config)
    for split in ("train", "valid", "test"):
        clips, found = context.corpus.split(split), Extracted(context.stage("extract"), split)
        made = Latents(context.stage("latents"), split)
        assert len(found) == len(made) == len(clips)
        for index, clip in enumerate(clips):
            audio = whole([clip], 240_000)
            z = encoding.encoder.latents(audio)[0]
            # Half precision of values up to 1: the step above 1/2 is 2^-11, rounding errs by half of it.
            assert (made.frames(index) - z).abs().max() <= 2**-12
            assert z.abs().max() > 0.5
            assert torch.equal(made.frames(index, 20, 7), made.frames(index)[20:27])
            assert torch.equal(found.tokens(index), networks.tokenizer.tokens(audio)[0])
            assert torch.equal(found.tokens(index, 3, 4), found.tokens(index)[3:7])
            assert torch.equal(found.codes(index), networks.rvq.encode(networks.audio(audio))[0])
            ids, mask = words.ids([caption.text for caption in clip.captions])
            assert torch.equal(found.text_codes(index), networks.rvq.encode(networks.text(ids, mask)))
        assert made.frames(0).shape == (2500, 16) and found.tokens(0).shape == (250,)
    assert len({tuple(found.tokens(index).tolist()) for index in range(4)}) == 4


def test_statistics_are_those_of_the_training_latents(extracted: Path) -> None:
    found = Latents(extracted / "latents", "train")
    z = torch.stack([found.frames(index) for index in range(len(found))]).double()
    figures = json.loads((extracted / "latents" / "stage.json").read_text())["figures"]
    assert figures["mean"] == pytest.approx(float(z.mean()))
    assert figures["deviation"] == pytest.approx(float(z.std(unbiased=False)))
    assert figures["clipped"] == pytest.approx(float((z.abs() == 1).double().mean()))
    assert figures["clips"] == 16


def test_short_and_long_clips_become_ten_seconds(extracted: Path, tones: Path) -> None:
    context = untrained(extracted, tones)
    encoding, clip = Encoding(context), context.corpus.split("train")[0]
    short = replace(clip, duration=9.0)
    found, (tokens, _) = encoding.hear([short]), Networks(context).hear([short])
    assert found.shape == (1, 2500, 16) and tokens.shape == (1, 250)
    silenced = whole([clip], 240_000)
    silenced[:, 216_000:] = 0.0
    assert torch.equal(found, encoding.encoder.latents(silenced).half())


@torch.no_grad()
@pytest.mark.parametrize(("label", "values"), [("quality", ("major", "minor")), ("drums", (False, True))])
def test_tokens_of_labelled_clips_are_of_their_own_part(
    extracted: Path, tones: Path, label: str, values: tuple[Any, Any]
) -> None:
    told = Settings(
        kmeans=KmeansSettings(told_centres=8, divided_by=label), tokenizer=TokenizerSettings(label_weight=1)
    )
    clips = labelled_context(extracted, tones, told).corpus.split("train")[:3]
    first, last = (
        replace(clip, labels={**(clip.labels or {}), label: value})
        for clip, value in zip((clips[0], clips[2]), values, strict=True)
    )
    some = [first, clips[1], last]
    assert clips[0].labels and not clips[1].labels
    plain = Networks(untrained(extracted, tones)).hear(some)[0]
    found = Networks(labelled_context(extracted, tones, told)).hear(some)[0]
    assert torch.equal(found[1], plain[1])
    # 32 tokens, so 4 others behind each of the 8 told centres.
    assert torch.equal(found % 4, plain % 4) and torch.equal(found // 8, plain // 8)
    assert not (found[0] // 4 % 2).any() and (found[2] // 4 % 2).all()
    uneven = replace(told, kmeans=replace(told.kmeans, told_centres=7))
    with pytest.raises(TrainingError, match=r"kmeans.toldCentres 7: expected a multiple of 2"):
        Networks(labelled_context(extracted, tones, uneven))
    whole_centres = replace(told, kmeans=replace(told.kmeans, divided_by=""))
    assert torch.equal(Networks(labelled_context(extracted, tones, whole_centres)).hear(some)[0], plain)


class Killed(Exception):
    pass


@pytest.mark.parametrize("computed", [extract, latents])
def test_what_was_killed_goes_on_and_ends_with_the_same_bytes(
    computed: Callable[[Context], dict[str, float]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    corpus = make_tones(tmp_path / "corpus", train=4, held_out=1)
    undisturbed, context = untrained(tmp_path / "a", corpus), untrained(tmp_path / "b", corpus)
    name = computed.__name__
    computed(undisturbed)
    work, made = shards.write_tensors, []

    def mortal(*arguments: Any) -> None:
        if len(made) == 2:  # of four
            raise Killed
        made.append(1)
        work(*arguments)

    monkeypatch.setattr(shards, "write_tensors", mortal)
    with pytest.raises(Killed):
        computed(context)
    folder = context.stage(name)
    kept = {path: path.stat().st_mtime_ns for path in folder.glob("*.safetensors")}
    assert len(kept) == 2 and not (folder / INDEX).exists()
    with pytest.raises(TrainingError, match=f"run the stage {name} first"):
        Extracted(folder, "train")
    monkeypatch.setattr(shards, "write_tensors", work)
    computed(context)
    assert all(path.stat().st_mtime_ns == time for path, time in kept.items())
    assert bytes_of(context, name) == bytes_of(undisturbed, name)

    # Torn, foreign and superfluous files are put right.
    torn, stray = folder / shard_name("train", 1), folder / shard_name("train", 7)
    torn.write_bytes(torn.read_bytes()[:1000])
    stray.write_bytes(b"")
    computed(context)
    assert bytes_of(context, name) == bytes_of(undisturbed, name)


def test_what_another_network_gives_is_made_anew_and_nothing_else(tmp_path: Path) -> None:
    corpus = make_tones(tmp_path / "corpus", train=4, held_out=1)
    context = untrained(tmp_path / "run", corpus)
    extract(context)
    latents(context)
    codes, kept = Extracted(context.stage("extract"), "train").codes(0), bytes_of(context, "latents")
    times = {path: path.stat().st_mtime_ns for path in context.stage("latents").glob("*.safetensors")}
    rvq = build("rvq", context.config)
    initialise(rvq, "rvq", 2)
    write(context.stage("rvq"), "rvq", rvq)
    extract(context)
    latents(context)
    assert not torch.equal(Extracted(context.stage("extract"), "train").codes(0), codes)
    assert bytes_of(context, "latents") == kept
    assert all(path.stat().st_mtime_ns == time for path, time in times.items())
    encoder = build("vae_encoder", context.config)
    initialise(encoder, "vae_encoder", 2)
    write(context.stage("vae"), "vae_encoder", encoder)
    latents(context)
    assert bytes_of(context, "latents").keys() == kept.keys() and bytes_of(context, "latents") != kept


def test_what_another_corpus_or_batch_gives_is_made_anew(tmp_path: Path) -> None:
    """A killed extraction has nothing but its files to tell by."""
    context = untrained(tmp_path / "run", make_tones(tmp_path / "corpus", train=4, held_out=1))
    extract(context)
    first = {path.name: path.stat().st_mtime_ns for path in context.stage("extract").glob("train-*")}
    (tmp_path / "corpus").rename(tmp_path / "other")
    make_tones(tmp_path / "corpus", train=5, held_out=1)
    context = replace(context)
    extract(context)
    second = {path.name: path.stat().st_mtime_ns for path in context.stage("extract").glob("train-*")}
    assert first.keys() == second.keys() and not set(first.values()) & set(second.values())
    settings = replace(context.settings, extract=replace(context.settings.extract, batch=1))
    extract(replace(context, settings=settings))
    third = {path.name: path.stat().st_mtime_ns for path in context.stage("extract").glob("train-*")}
    assert not set(third.values()) & set(second.values())


def test_captions_stay_with_their_clips_and_held_out_ones_out_of_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    heldout = ([False, True, False], [], [True, False], [False])
    corpus = make_tones(tmp_path / "corpus", train=4, held_out=1, captions=heldout)
    context = untrained(tmp_path / "run", corpus)

    def vector(text: str) -> torch.Tensor:
        """An untrained tower makes the same of all captions."""
        return torch.randn(context.config.mulan.dim, generator=generator(text))

    monkeypatch.setattr(Reader, "vectors", lambda _, texts, tower: {text: vector(text) for text in texts})
    extract(context)
    rvq, found = context.taken("extract", "rvq"), Extracted(context.stage("extract"), "train")
    for index, clip in enumerate(context.corpus.split("train")):
        codes = [rvq.encode(vector(caption.text)[None])[0] for caption in clip.captions]
        assert found.text_codes(index).tolist() == [row.tolist() for row in codes]
        known = [row.tolist() for row, held in zip(codes, heldout[index], strict=True) if not held]
        assert found.text_codes(index, heldout=False).tolist() == known
    trained = LmTask(replace(context, settings=replace(context.settings, lm=LmSettings(text_prefix=1.0))))
    drawn = [trained.batch([Draw(0, generator(seed))])[0][0].tolist() for seed in range(40)]
    first, unseen, last = found.text_codes(0).tolist()
    assert unseen not in drawn and first in drawn and last in drawn


def test_faults_are_one_line_that_says_where(
    tmp_path: Path, tones: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = untrained(tmp_path, tones)

    def full(tensors: object, path: Path, metadata: object) -> None:
        path.write_bytes(b"part")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(checkpoint, "save_file", full)
    with pytest.raises(CheckpointError, match=r"train-00000.*No space left.*goes on"):
        extract(context)
    assert not list(context.stage("extract").iterdir())
    monkeypatch.undo()
    encoder = build("vae_encoder", context.config)
    encoder.conv_post.bias.data[3] = float("nan")
    write(context.stage("vae"), "vae_encoder", encoder)
    with pytest.raises(TrainingError, match=r"000000\.flac: its latents are not finite"):
        latents(context)


def test_captions_by_clip_and_without_the_held_out_ones(tmp_path: Path) -> None:
    for number, held in enumerate(([False, True, True, True], [False, False, False])):
        offsets = [0, 2, 2, 4] if number == 0 else [0, 3]
        tensors = {
            "tokens": torch.zeros(len(offsets) - 1, 5, dtype=torch.int16),
            "text_codes": torch.arange(len(held), dtype=torch.int16)[:, None] + 10 * number,
            "text_heldout": torch.tensor(held),
            "text_offsets": torch.tensor(offsets),
        }
        save_file(tensors, tmp_path / shard_name("train", number))
    names = [shard_name("train", number) for number in range(2)]
    (tmp_path / INDEX).write_text(json.dumps({"format": 2, "splits": {"train": names, "valid": []}}))
    found = Extracted(tmp_path, "train")
    assert len(found) == 4 and len(Extracted(tmp_path, "valid")) == 0
    assert [found.text_codes(index)[:, 0].tolist() for index in range(4)] == [
        [0, 1],
        [],
        [2, 3],
        [10, 11, 12],
    ]
    known = [found.text_codes(index, heldout=False)[:, 0].tolist() for index in range(4)]
    assert known == [[0], [], [2, 3], [10, 11, 12]]
