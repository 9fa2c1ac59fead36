"""The trainer of the semantic language model."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from extraction import ALONE
from resumption import assert_resumes

from nocturne_training.config import load
from nocturne_training.models.lm import Lm
from nocturne_training.stages.context import Context
from nocturne_training.stages.lm import LmTask
from nocturne_training.trainer.randomness import Draw, generator
from nocturne_training.trainer.settings import LmSettings, Settings
from nocturne_training.trainer.update import Update

LM = LmSettings(
    steps=6, batch=2, learning_rate=5e-3, checkpoint_every=2, validate_every=0, validation_clips=4
)


def task(run: Path, **changes: object) -> LmTask:
    return LmTask(Context(run, run, load("tiny"), Settings(lm=replace(LM, **changes)), ALONE))


def draws(*indices: int, seed: int = 1) -> list[Draw]:
    return [Draw(index, generator(seed, index)) for index in indices]


def test_one_batch_is_overfitted(extracted: Path) -> None:
    trained = task(extracted, steps=120, decay="cosine", warmup=5, text_prefix=0.0, weight_decay=0.0)
    update = Update("lm", trained.settings, trained.groups, ALONE)
    batch, losses = trained.batch(draws(0, 1)), []
    for step in range(120):
        update.step = step
        losses.append(float(trained.optimise(batch, step, update)["loss"].detach()))
    # From log(97), the whole vocabulary, to 500 tokens known by heart.
    assert losses[0] == pytest.approx(math.log(97), abs=0.3)
    assert losses[-1] < 0.02


def test_noise_is_read_and_never_predicted(extracted: Path) -> None:
    trained = task(extracted, token_noise=0.25)
    many = [trained.batch(draws(0, 1, seed=seed)) for seed in range(40)]
    shares = torch.cat([(read != tokens).float().mean(dim=1) for _, tokens, read in many])
    assert 0.18 < float(shares.mean()) < 0.3 and float(shares.max()) < 0.6
    assert all(torch.equal(tokens, many[0][1]) for _, tokens, _ in many)
    _, tokens, read = task(extracted).batch(draws(0, 1))
    assert torch.equal(tokens, read)


@torch.no_grad()
def test_codes_that_are_near_start_alike(extracted: Path) -> None:
    trained = task(extracted)
    books = Context(extracted, extracted, load("tiny"), Settings(), ALONE).learned("rvq", "rvq").codebooks
    rows = trained.lm.embedding.weight[: books.shape[0] * books.shape[1]]
    # At right angles and longer or shorter together: distances keep their proportions.
    given, found = torch.pdist(books.flatten(0, 1)), torch.pdist(rows)
    assert torch.allclose(found / given, (found / given).mean().expand_as(found), rtol=1e-3)


@torch.no_grad()
def test_only_semantic_positions_are_predicted_each_from_what_is_before_it(extracted: Path) -> None:
    trained = task(extracted)
    trained.lm.eval()
    codes, tokens, _ = trained.batch(draws(0, 1))
    assert codes.shape == (2, 4) and tokens.shape == (2, 250)
    found = trained.logits(codes, tokens)
    ids = torch.cat((trained.lm.prefix(codes), tokens + trained.config.semantic_start), dim=1)
    assert ids.shape[1] == 1 + 4 + 250
    assert torch.allclose(found, trained.lm(ids)[:, 4:-1], atol=1e-5)
    expected = torch.log_softmax(found, dim=-1).gather(2, tokens[..., None] + trained.config.semantic_start)
    assert torch.allclose(trained.errors(found, tokens), -expected[..., 0], atol=1e-5)


def test_prefixes_are_of_audio_or_of_captions_as_often_as_asked(extracted: Path) -> None:
    for share in (0.0, 0.25, 1.0):
        trained = task(extracted, text_prefix=share)
        audio, text = trained.clips.codes(3), trained.clips.text_codes(3)[0]
        assert not torch.equal(audio, text)
        codes = [trained.batch([Draw(3, generator(seed))])[0][0] for seed in range(200)]
        read = sum(torch.equal(row, text) for row in codes)
        assert read + sum(torch.equal(row, audio) for row in codes) == 200
        assert read == pytest.approx(200 * share, abs=25 if 0 < share < 1 else 0)
        again = trained.batch([Draw(3, generator(7))])[0][0]
        assert torch.equal(again, codes[7])


def test_validation_compares_with_no_prefix_and_with_frequencies(extracted: Path) -> None:
    trained = task(extracted, batch=3)
    trained.lm.eval()
    with torch.no_grad():
        found = trained.validate()
        audio = torch.stack([trained.held_out.codes(index) for index in range(4)])
        texts = torch.stack([trained.held_out.text_codes(index)[0] for index in range(4)])
        tokens = torch.stack([trained.held_out.tokens(index) for index in range(4)])
        for key, codes in (("loss", audio), ("shuffled_loss", audio[[3, 0, 1, 2]]), ("text_loss", texts)):
            assert found[key] == pytest.approx(
                float(trained.errors(trained.logits(codes, tokens), tokens).mean())
            )
    assert len({found["loss"], found["shuffled_loss"], found["text_loss"]}) == 3
    assert found["perplexity"] == pytest.approx(math.exp(found["loss"]))
    counts = [1] * 32
    for index in range(8):
        for token in trained.clips.tokens(index).tolist():
            counts[token] += 1
    surprise = [-math.log(counts[token] / sum(counts)) for token in tokens.flatten().tolist()]
    assert found["unigram_perplexity"] == pytest.approx(math.exp(sum(surprise) / len(surprise)))


def test_dropout_acts_in_training_only_and_leaves_the_keys_alone(extracted: Path) -> None:
    trained = task(extracted, dropout=0.5)
    assert trained.lm.state_dict().keys() == Lm(trained.config).state_dict().keys()
    batch = trained.batch(draws(0, 1))[:2]
    with torch.no_grad():
        assert not torch.equal(trained.logits(*batch), trained.logits(*batch))
        trained.lm.eval()
        assert torch.equal(trained.logits(*batch), trained.logits(*batch))


def test_mixed_precision_stays_near(extracted: Path) -> None:
    losses = []
    for precision in ("f32", "bf16"):
        trained = task(extracted, precision=precision)
        update = Update("lm", trained.settings, trained.groups, ALONE)
        metrics = [trained.optimise(trained.batch(draws(0, 1)), step, update) for step in range(3)]
        assert all(metric["loss"].dtype == torch.float32 for metric in metrics)
        losses.append([float(metric["loss"].detach()) for metric in metrics])
    assert losses[0] != losses[1]
    assert losses[0] == pytest.approx(losses[1], rel=0.02)


def test_resumed_equals_uninterrupted_bit_for_bit(extracted: Path, tmp_path: Path) -> None:
    assert_resumes(lambda: task(extracted, dropout=0.1), tmp_path)
