"""k-means (2.3) against loops over vectors."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from resumption import ALONE, assert_resumes

from nocturne_training.config import load
from nocturne_training.stages.clips import whole
from nocturne_training.stages.clustering import MiniBatchKmeans, lloyd, plus_plus
from nocturne_training.stages.context import Context
from nocturne_training.stages.kmeans import KmeansTask
from nocturne_training.stages.product import ProductCentres
from nocturne_training.stages.tapped import Frames
from nocturne_training.trainer.errors import TrainingError
from nocturne_training.trainer.randomness import Draw, generator
from nocturne_training.trainer.settings import KmeansSettings, Settings
from nocturne_training.trainer.update import Update

KMEANS = KmeansSettings(steps=6, batch=2, crop_seconds=2.0, checkpoint_every=2)


def task(tokenized: Path, tones: Path, **changes: object) -> KmeansTask:
    settings = Settings(kmeans=replace(KMEANS, **changes))
    return KmeansTask(Context(tokenized, tones, load("tiny"), settings, ALONE))


def blobs(count: int, spread: float = 0.1) -> tuple[torch.Tensor, torch.Tensor]:
    centres = torch.tensor([[4.0, 0.0], [0.0, 4.0], [-4.0, 0.0], [0.0, -4.0]])
    return centres, centres.repeat(count // 4, 1) + spread * torch.randn(count, 2)


def test_one_batch_is_overfitted(tokenized: Path, tones: Path) -> None:
    trained = task(tokenized, tones)
    update = Update("kmeans", trained.settings, trained.groups, ALONE)
    batch = trained.batch([Draw(0, generator(1))])
    batch = Frames(batch.states[:32], batch.wanted[:32])
    inertia = [float(trained.optimise(batch, step, update)["inertia"]) for step in range(6)]
    # 32 frames of squared length 32 and 32 centres: a centre each.
    assert inertia[-1] < 1e-3


def test_mini_batches_equal_one_vector_after_another() -> None:
    learner, random = MiniBatchKmeans(4, 2, patience=100), generator(1)
    _, vectors = blobs(64, 1.5)
    learner.begin(vectors, random)
    centres, counts = learner.centers.clone().double(), [0] * 4
    inertia = []
    for step in range(8):
        batch = blobs(64, 1.5)[1]
        inertia.append(float(learner.update(batch, random)))
        rows = batch.double()
        owners = [int(((centres - row) ** 2).sum(1).argmin()) for row in rows]
        for row, owner in zip(rows, owners, strict=True):
            counts[owner] += 1
            centres[owner] += (row - centres[owner]) / counts[owner]
        assert torch.allclose(learner.centers.double(), centres, atol=1e-5), step
        assert learner.counts.tolist() == counts
    assert inertia[-1] < 0.9 * inertia[0]


def test_lloyd_equals_a_loop_and_its_inertia_falls() -> None:
    vectors, random = blobs(80, 2.0)[1], generator(2)
    centres = vectors[:4].clone()
    naive, previous = centres.clone(), float("inf")
    for iterations in range(1, 6):
        owners = [int(((naive - row) ** 2).sum(1).argmin()) for row in vectors]
        naive = torch.stack(
            [
                torch.stack([r for r, o in zip(vectors, owners, strict=True) if o == c]).mean(0)
                for c in range(4)
            ]
        )
        found, counts = lloyd(vectors, centres, iterations, random)
        assert torch.allclose(found, naive, atol=1e-5)
        distances = torch.cdist(vectors, found).square()
        assert counts.tolist() == torch.bincount(distances.argmin(1), minlength=4).tolist()
        inertia = float(distances.min(1).values.mean())
        assert inertia <= previous + 1e-6
        previous = inertia


def test_plus_plus_finds_what_lies_apart() -> None:
    centres, vectors = blobs(400)
    for seed in range(10):
        found = plus_plus(vectors, 4, generator(seed))
        assert torch.cdist(centres, found).min(dim=1).values.max() < 0.6
        assert (found[:, None] == vectors).all(dim=2).any(dim=1).all()
    alike = plus_plus(torch.ones(3, 2), 5, generator(1))
    assert torch.equal(alike, torch.ones(5, 2))


def test_an_empty_centre_becomes_a_frame_of_the_batch() -> None:
    learner, (_, vectors) = MiniBatchKmeans(2, 2, patience=2), blobs(40)
    learner.centers.copy_(torch.tensor([[0.0, 0.0], [1e3, 1e3]]))
    learner.update(vectors, generator(1))
    assert learner.centers[1].tolist() == [1e3, 1e3] and learner.idle.tolist() == [0, 1]
    learner.update(vectors, generator(1))
    assert (vectors == learner.centers[1]).all(1).any() and learner.idle.tolist() == [0, 0]
    learner.update(vectors, generator(1))
    assert learner.counts[1] > 0


def test_a_product_assigns_each_part_by_itself() -> None:
    learner, random = ProductCentres(MiniBatchKmeans(4, 2, 5), MiniBatchKmeans(3, 5, 5)), generator(1)
    for step in range(6):
        vectors = torch.cat([blobs(64, 0.5)[1], torch.randn(64, 5)], dim=1)
        if step == 0:
            for part, own in learner.split(vectors):
                part.begin(own, random)
        inertia = sum(part.update(own, random) for part, own in learner.split(vectors))
    first, second = (part.centers for part in learner.parts)
    assert learner.centers.shape == (12, 7) and all((part.counts > 0).all() for part in learner.parts)
    whole = torch.cdist(vectors, learner.centers).argmin(dim=1)
    own = [torch.cdist(vectors[:, :2], first).argmin(1), torch.cdist(vectors[:, 2:], second).argmin(1)]
    assert torch.equal(whole, 3 * own[0] + own[1]) and len(whole.unique()) == 12
    apart = torch.cdist(vectors, learner.centers).square().min(dim=1).values.mean()
    assert float(inertia) == pytest.approx(float(apart), rel=0.2)


def test_killed_and_resumed_equals_undisturbed(tokenized: Path, tones: Path, tmp_path: Path) -> None:
    assert_resumes(lambda: task(tokenized, tones), tmp_path)


def test_export_is_the_tokenizer_with_centres(tokenized: Path, tones: Path) -> None:
    trained = task(tokenized, tones)
    update = Update("kmeans", trained.settings, trained.groups, ALONE)
    batch = trained.batch([Draw(0, generator(1)), Draw(1, generator(2))])
    trained.optimise(batch, 0, update)
    figures = trained.validate()
    tokenizer = trained.exports()["tokenizer"]
    assert torch.equal(tokenizer.kmeans.centers, trained.centres.centers)
    held_out = [whole([clip], trained.frames.samples) for clip in trained.held_out]
    tokens = torch.cat([tokenizer.tokens(audio)[0] for audio in held_out])
    shares = torch.bincount(tokens, minlength=32) / len(tokens)
    assert figures["used"] == float((shares > 0).sum()) > 4
    entropy = -(shares[shares > 0] * shares[shares > 0].log()).sum()
    assert figures["perplexity"] == pytest.approx(float(entropy.exp()), rel=1e-3)
    assert 0 < figures["inertia"] < 32


def test_fewer_frames_than_centres_are_refused(tokenized: Path, tones: Path) -> None:
    with pytest.raises(TrainingError, match=r"a batch has 10 frames for 32 centres"):
        task(tokenized, tones, batch=1, crop_seconds=0.4)


def test_centres_may_be_another_number_than_when_the_tokenizer_learned(tokenized: Path, tones: Path) -> None:
    config = replace(load("tiny"), semantic_vocab=8)
    task = KmeansTask(Context(tokenized, tones, config, Settings(kmeans=KMEANS), ALONE))
    assert task.exports()["tokenizer"].kmeans.centers.shape == (8, config.tokenizer.dim)


def test_centres_stay_empty_as_long_as_the_settings_say(tokenized: Path, tones: Path) -> None:
    config = replace(load("tiny"), semantic_vocab=8)
    for patience in (1, 3):
        settings = Settings(kmeans=replace(KMEANS, patience=patience))
        trained = KmeansTask(Context(tokenized, tones, config, settings, ALONE))
        assert [part.patience for part in trained.centres.parts] == [patience]
