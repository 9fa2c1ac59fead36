"""Centres that are learned for labels, and the frames they learn from."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from resumption import ALONE, assert_resumes

from nocturne_training.chain.runner import Runner
from nocturne_training.config import load
from nocturne_training.initialise import initialise
from nocturne_training.models.modules import build
from nocturne_training.stages.clips import whole
from nocturne_training.stages.context import Context
from nocturne_training.stages.kmeans import KmeansTask
from nocturne_training.stages.labels import CHOICES
from nocturne_training.stages.told_centres import MEMORY, SHARPNESS, WEIGHTS, ToldCentres, renamed
from nocturne_training.stages.weights import write
from nocturne_training.trainer.errors import TrainingError
from nocturne_training.trainer.randomness import Draw, generator
from nocturne_training.trainer.settings import KmeansSettings, Settings, TokenizerSettings
from nocturne_training.trainer.update import Update

KMEANS = KmeansSettings(
    steps=6, batch=4, crop_seconds=2.0, kept_frames=20, told_centres=4, checkpoint_every=2
)
NAMES = list(CHOICES)


def labels(**places: int) -> torch.Tensor:
    return torch.tensor([places.get(name, 0) for name in NAMES])


def context(
    tokenized: Path, tones: Path, start: Path | None = None, width: int = 8, **changes: Any
) -> Context:
    """Clips whose drums and tempo differ from one to the next."""
    settings = Settings(
        kmeans=replace(KMEANS, **changes), tokenizer=TokenizerSettings(label_weight=1, label_width=width)
    )
    made = Context(tokenized, tones, load("tiny"), settings, ALONE, start=start)
    clips = [replace(c, labels=_named(n)) for n, c in enumerate(made.corpus.split("train"))]
    vars(made)["corpus"] = SimpleNamespace(split=lambda name: clips if name == "train" else clips[:2])
    return made


def _named(number: int) -> dict[str, Any]:
    named = {name: choices[0] for name, choices in CHOICES.items()}
    return named | {"drums": number % 2 == 1, "tempo": CHOICES["tempo"][number % 3], "families": []}


def learned(task: KmeansTask, batch: Any, steps: int) -> list[float]:
    update = Update("kmeans", task.settings, task.groups, ALONE)
    return [float(task.optimise(batch, step, update)["labels"].detach()) for step in range(steps)]


def test_the_loss_equals_a_loop_over_frames_and_centres() -> None:
    centres = ToldCentres(5, 3)
    for parameter in centres.parameters():
        torch.nn.init.normal_(parameter)
    centres.tau.fill_(1.7)
    frames, wanted = torch.randn(6, 3), torch.stack([labels(drums=n % 2, tempo=n % 3) for n in range(6)])
    total = 0.0
    for frame, row in zip(frames.double(), wanted.tolist(), strict=True):
        near = [math.exp(-float(((frame - c) ** 2).sum()) / 1.7) for c in centres.centers.detach().double()]
        for name, weight in WEIGHTS.items():
            tables = centres.tables[name].detach().double().softmax(dim=1)[:, row[NAMES.index(name)]].tolist()
            told = sum(n * t for n, t in zip(near, tables, strict=True)) / sum(near)
            total -= weight * math.log(told) / math.log(len(CHOICES[name])) / 6
    assert float(centres.loss(frames, wanted).detach()) == pytest.approx(
        total / sum(WEIGHTS.values()), rel=1e-5
    )


def test_centres_that_know_nothing_err_as_chance_does() -> None:
    centres, frames = ToldCentres(4, 3), torch.randn(64, 3)
    centres.begin(frames, generator(1))
    wanted = labels(drums=1).expand(64, -1)
    assert float(centres.loss(frames, wanted).detach()) == pytest.approx(1.0, abs=1e-5)
    assert float(centres.tau) == pytest.approx(float(centres.inertia(frames)) / SHARPNESS)


def test_they_keep_what_labels_say_where_something_else_varies_more() -> None:
    torch.manual_seed(1)
    drums = torch.arange(256) % 2
    frames = torch.stack([8.0 * torch.rand(256), 2.0 * drums + 0.1 * torch.randn(256)], dim=1)
    wanted = torch.stack([labels(drums=int(d)) for d in drums])
    centres = ToldCentres(4, 2)
    centres.begin(frames, generator(2))

    def purity() -> float:
        nearest = torch.cdist(frames, centres.centers.detach()).argmin(dim=1)
        shares = [drums[nearest == c].float().mean() for c in nearest.unique()]
        sizes = [(nearest == c).sum() for c in nearest.unique()]
        return float(sum(torch.maximum(s, 1 - s) * n for s, n in zip(shares, sizes, strict=True))) / 256

    before = purity()
    optimiser = torch.optim.Adam(centres.parameters(), 0.1)
    for _ in range(300):
        optimiser.zero_grad()
        centres.loss(frames, wanted).backward()
        optimiser.step()
    assert before < 0.8 and purity() > 0.99


def test_one_batch_is_overfitted(tokenized: Path, tones: Path) -> None:
    task = KmeansTask(context(tokenized, tones, learning_rate=0.1, told_centres=16))
    batch = task.batch([Draw(n, generator(n)) for n in range(4)])
    losses = learned(task, batch, 200)
    assert losses[0] == pytest.approx(1.0, abs=1e-3) and losses[-1] < 0.05
    told, own = task.centres.split(batch.states)[0]
    right = float(told.right(own, batch.wanted)["right_drums"])
    other = batch.wanted.clone()
    other[:, NAMES.index("drums")] ^= 1
    assert right > 0.9 and float(told.right(own, other)["right_drums"]) == pytest.approx(1 - right)
    held_out = task.frames.memory[:2].flatten(0, 1)[:, : own.shape[1]]
    wanted = task.frames.labels[:2].repeat_interleave(len(held_out) // 2, 0)
    expected = {name: float(share) for name, share in told.right(held_out, wanted).items()}
    assert {k: v for k, v in task.validate().items() if k in expected} == pytest.approx(expected, abs=1e-5)


def test_told_features_get_centres_of_their_own(tokenized: Path, tones: Path) -> None:
    untold = context(tokenized, tones)
    vars(untold)["told"] = False
    assert [len(part.centers) for part in KmeansTask(untold).centres.parts] == [32]
    assert not KmeansTask(untold).groups
    task = KmeansTask(context(tokenized, tones))
    learned(task, task.batch([Draw(0, generator(1)), Draw(1, generator(2))]), 1)
    assert [tuple(part.centers.shape) for part in task.centres.parts] == [(4, 8), (8, 24)]
    assert task.exports()["tokenizer"].kmeans.centers.shape == (32, 32)
    for told, width in ((5, 8), (4, 32)):
        with pytest.raises(
            TrainingError, match=r"kmeans.toldCentres \d: expected a divisor of the 32 tokens"
        ):
            KmeansTask(context(tokenized, tones, width=width, told_centres=told))


def test_parts_are_as_far_apart_as_the_means_of_major_and_minor_frames() -> None:
    centres = ToldCentres(3, 2, divided_by="quality")
    with torch.no_grad():
        centres.centers.copy_(torch.tensor([[0.0, 0.0], [10.0, 0.0], [20.0, 0.0]]))
    assert torch.equal(centres.places, centres.centers.detach().repeat_interleave(2, 0))
    frames = torch.tensor([[1.0, 1.0], [1.0, 3.0], [0.0, -2.0], [10.0, 5.0]])
    wanted = torch.stack([labels(quality=q) for q in (0, 0, 1, 1)])
    centres.settle(frames[:2], wanted[:2])
    centres.settle(frames[2:], wanted[2:])
    # The first two frames are one step old.
    major, minor = torch.tensor([1.0, 2.0]), torch.tensor([0.0, -2.0])
    mean = (2 * MEMORY * major + minor) / (2 * MEMORY + 1)
    expected = torch.stack((major - mean, minor - mean))
    assert torch.allclose(centres.places[:2], expected, atol=1e-5)
    assert torch.equal(centres.places[2:], centres.centers.detach()[1:].repeat_interleave(2, 0)), (
        "of a centre without frames of both the parts are one"
    )
    found = centres.right(torch.tensor([[1.0, 2.0], [0.0, -2.0], [0.0, -2.0]]), wanted[[0, 2, 0]])
    assert float(found["heard_quality"]) == pytest.approx(2 / 3)


def test_a_label_says_of_which_part_a_token_is() -> None:
    tokens = torch.tensor([[0, 1, 4, 5, 7, 31], [0, 1, 4, 5, 7, 31]])
    minor, major = [4, 5, 4, 5, 7, 31], [0, 1, 0, 1, 3, 27]
    assert renamed(tokens, torch.tensor([1, 0]), 2, 4).tolist() == [minor, major]
    thirds = renamed(torch.tensor([[0, 3, 7, 11, 12]] * 2), torch.tensor([0, 2]), 3, 4)
    assert thirds.tolist() == [[0, 3, 3, 3, 12], [8, 11, 11, 11, 20]]


def test_divided_centres_are_as_many_as_asked_for(tokenized: Path, tones: Path) -> None:
    task = KmeansTask(context(tokenized, tones, divided_by="quality"))
    batch = task.batch([Draw(0, generator(1)), Draw(1, generator(2))])
    batch.wanted[:20, NAMES.index("quality")] = 1
    learned(task, batch, 3)
    told, other = task.centres.parts
    assert (len(told.centers), len(told.places), len(other.centers)) == (2, 4, 8)
    centres = task.exports()["tokenizer"].kmeans.centers
    assert torch.allclose(centres[::8, :8], told.places) and torch.equal(centres[:8, 8:], other.centers)
    assert not torch.equal(told.places[0], told.places[1])
    assert "heard_quality" in task.validate()
    for label, count in (("quality", 0), ("quality", 1), ("tempo", 4)):
        wrong = context(tokenized, tones, divided_by=label, told_centres=count)
        multiple = rf"expected a multiple of \d for kmeans.dividedBy {label}"
        for tells in (True, False):
            vars(wrong)["told"] = tells
            with pytest.raises(TrainingError, match=rf"kmeans.toldCentres {count}: {multiple}"):
                KmeansTask(wrong)
    with pytest.raises(TrainingError, match=r"kmeans.dividedBy lead: expected one of lead_family, "):
        KmeansTask(context(tokenized, tones, divided_by="lead"))


def test_parts_are_told_by_the_label_that_divides(tokenized: Path, tones: Path) -> None:
    task = KmeansTask(context(tokenized, tones, divided_by="drums"))
    learned(task, task.batch([Draw(n, generator(n)) for n in range(4)]), 3)
    told = task.centres.parts[0]
    assert told.counts.view(2, 2).sum(dim=0).tolist() == pytest.approx([40 * (1 + MEMORY + MEMORY**2)] * 2)
    assert {"heard_drums", "right_drums"} <= task.validate().keys()


def test_kept_frames_are_those_of_the_drawn_clips(tokenized: Path, tones: Path) -> None:
    task = KmeansTask(context(tokenized, tones))
    batch = task.batch([Draw(3, generator(1)), Draw(2, generator(2))])
    clips = [task.frames.clips[place] for place in (3, 2)]
    heard = [task.tokenizer.tap(whole([clip], task.frames.samples))[0] for clip in clips]
    for rows, clip in zip(batch.states.split(20), heard, strict=True):
        places = (rows[:, None] == clip).all(dim=2)
        assert places.any(dim=1).all() and len(places.float().argmax(dim=1).unique()) > 10
    drums = batch.wanted[:, NAMES.index("drums")]
    assert drums.tolist() == [1] * 20 + [0] * 20


def test_killed_and_resumed_equals_undisturbed(tokenized: Path, tones: Path, tmp_path: Path) -> None:
    assert_resumes(lambda: KmeansTask(context(tokenized, tones, divided_by="quality")), tmp_path)


def test_a_checkpoint_to_start_from_leaves_the_tokenizer_as_it_was_learned(
    tokenized: Path, tones: Path, tmp_path: Path
) -> None:
    other = build("tokenizer", load("tiny"))
    initialise(other, "tokenizer", 2)
    write(tmp_path, "tokenizer", other)
    made = context(tokenized, tones, start=tmp_path)
    task = KmeansTask(made)
    before = task.tokenizer.feature_projection["projection"].weight.clone()
    Runner(made, shown=False)._start(task)
    assert task.groups and torch.equal(task.tokenizer.feature_projection["projection"].weight, before)
