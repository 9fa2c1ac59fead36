"""The residual quantiser's trainer (1.3) against loops over vectors."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from resumption import ALONE, assert_resumes

from nocturne_training.config import load
from nocturne_training.initialise import initialise
from nocturne_training.models.modules import build
from nocturne_training.models.rvq import CodebookAverage
from nocturne_training.stages.captions import known
from nocturne_training.stages.context import Context
from nocturne_training.stages.rvq import RvqTask
from nocturne_training.stages.weights import write
from nocturne_training.trainer.randomness import Draw, Order, generator
from nocturne_training.trainer.settings import RvqSettings, Settings
from nocturne_training.trainer.update import Update

TINY = load("tiny")
RVQ = RvqSettings(steps=6, batch=16, windows=3, text_share=0.5, checkpoint_every=2)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run whose towers have random weights."""
    directory = tmp_path_factory.mktemp("run")
    (directory / "mulan").mkdir()
    for name in ("mulan_audio", "mulan_text"):
        tower = build(name, TINY)
        initialise(tower, name, 1)
        write(directory / "mulan", name, tower)
    return directory


def task(run: Path, tones: Path, **changes: object) -> RvqTask:
    return RvqTask(Context(run, tones, TINY, Settings(rvq=replace(RVQ, **changes)), ALONE))


def test_one_batch_is_overfitted(run: Path, tones: Path) -> None:
    trained = task(run, tones)
    update = Update("rvq", trained.settings, trained.groups, ALONE)
    batch = F.normalize(torch.randn(64, TINY.mulan.dim), dim=-1)
    errors = [float(trained.optimise(batch, step, update)["error"]) for step in range(60)]
    # 64 random directions, 4 x 16 codes: 0.4 and more of the squared length is left by one quantiser alone.
    assert errors[-1] < 0.15
    few = task(run, tones)
    for step in range(4):
        error = few.optimise(batch[:16], step, update)["error"]
    assert float(error) < 1e-6


def test_one_update_equals_a_loop() -> None:
    codebook = torch.randn(3, 2, dtype=torch.float64)
    before = codebook.clone()
    average = CodebookAverage(codebook, decay=0.9, dead=0.5, epsilon=1e-5)
    average.begin(before, torch.tensor([4.0, 2.0, 1.0]))
    batch = torch.randn(8, 2, dtype=torch.float64)
    chosen = average.update(batch)
    sizes, sums = [4.0, 2.0, 1.0], [before[0] * 4, before[1] * 2, before[2].clone()]
    owners = [int((before - row).square().sum(1).argmin()) for row in batch]
    assert torch.equal(chosen, before[owners])
    for c in range(3):
        mine = [row for row, owner in zip(batch, owners, strict=True) if owner == c]
        sizes[c] = 0.9 * sizes[c] + 0.1 * len(mine)
        sums[c] = 0.9 * sums[c] + 0.1 * sum(mine, torch.zeros(2, dtype=torch.float64))
    for c in range(3):
        smooth = (sizes[c] + 1e-5) / (sum(sizes) + 3e-5) * sum(sizes)
        assert torch.allclose(codebook[c], sums[c] / smooth, atol=1e-12)


def test_a_dead_code_becomes_a_vector_of_the_batch() -> None:
    codebook = torch.tensor([[0.0, 0.0], [50.0, 50.0]])
    average = CodebookAverage(codebook)
    average.begin(codebook.clone(), torch.tensor([5.0, 0.4]))
    batch = torch.randn(16, 2)
    average.update(batch, generator(1))
    assert codebook[1].norm() < 5 and average.counts[1] > 0.9


def test_each_quantiser_learns_what_the_ones_before_leave(run: Path, tones: Path) -> None:
    trained = task(run, tones)
    update = Update("rvq", trained.settings, trained.groups, ALONE)
    seen: list[tuple[torch.Tensor, torch.Tensor]] = []
    for average in trained.averages:
        learn = average.update

        def recording(batch, random, learn=learn):
            seen.append((batch, learn(batch, random)))
            return seen[-1][1]

        average.update = recording
    vectors = F.normalize(torch.randn(40, TINY.mulan.dim), dim=-1)
    trained.optimise(vectors, 0, update)
    assert torch.equal(seen[0][0], vectors) and len(seen) == 4
    for (before, chosen), (after, _) in pairwise(seen):
        assert torch.equal(after, before - chosen)
        assert after.square().sum() < before.square().sum()


def test_killed_and_resumed_equals_undisturbed(run: Path, tones: Path, tmp_path: Path) -> None:
    assert_resumes(lambda: task(run, tones), tmp_path)


def test_rows_are_windows_or_captions_by_share(run: Path, tones: Path) -> None:
    order = Order(1, "rvq", 8)
    for share in (0.0, 0.5, 1.0):
        trained = task(run, tones, text_share=share)
        assert trained.audio.shape == (8, 3, 32)
        draws, texts = order.draws(0, 200), 0
        for draw, row in zip(draws, trained.batch(draws), strict=True):
            words = [trained.texts[text] for text in known(trained.clips[draw.index])] if share else []
            is_text = any(torch.equal(row, word) for word in words)
            assert is_text or (trained.audio[draw.index] == row).all(dim=1).any()
            texts += is_text
        assert abs(texts / 200 - share) < 0.12


def test_windows_leave_out_the_first_seconds(run: Path, tones: Path) -> None:
    trained = task(run, tones)
    tower = Context(run, tones, TINY, Settings(), ALONE).learned("mulan", "mulan_audio")
    audio = torch.from_numpy(trained.clips[2].audio())[None]
    for k in range(3):
        assert torch.equal(trained.audio[2, k], tower(audio[:, k * 24_000 :])[0])


def test_validation_says_what_is_left_after_each_quantiser(run: Path, tones: Path) -> None:
    trained = task(run, tones)
    update = Update("rvq", trained.settings, trained.groups, ALONE)
    for step in range(3):
        batch = trained.batch([Draw(i % 8, generator(step, i)) for i in range(32)])
        trained.optimise(batch, step, update)
    figures = trained.validate()
    for kind, vectors in trained.unseen.items():
        left = vectors - trained.rvq.decode(trained.rvq.encode(vectors))
        last = left.square().sum(1) / vectors.square().sum(1)
        assert figures[f"{kind}_error_4"] == pytest.approx(float(last.mean()), rel=1e-3, abs=1e-6)
        cosine = F.cosine_similarity(vectors - left, vectors).mean()
        assert figures[f"{kind}_cosine"] == pytest.approx(float(cosine))
    assert 0 < figures["used"] <= 1


def test_its_averages_remember_and_give_up_codes_as_the_settings_say(run: Path, tones: Path) -> None:
    trained = task(run, tones, memory=0.75, dead_code=0.125)
    assert [(a.decay, a.dead) for a in trained.averages] == [(0.75, 0.125)] * len(trained.averages)
    counts = torch.tensor([0.1, 0.2])
    for average in trained.averages:
        average.counts.copy_(counts.repeat(len(average.counts) // 2))
    # Half of the codes stand for more than an eighth of a vector.
    assert trained.validate()["used"] == pytest.approx(0.5)
