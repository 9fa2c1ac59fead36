"""The language model tuned for what its tokens tell."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from extraction import ALONE
from listening import captioned, named, stating_context
from resumption import assert_resumes

from nocturne_training.config import load
from nocturne_training.stages.context import Context
from nocturne_training.stages.drawing import draw
from nocturne_training.stages.labels import CHOICES
from nocturne_training.stages.lmtuned import LEAST, STATED, LmTunedTask, advantages, reward
from nocturne_training.trainer.errors import TrainingError
from nocturne_training.trainer.randomness import Draw, generator
from nocturne_training.trainer.settings import LmTunedSettings, Settings
from nocturne_training.trainer.update import Update

TUNED = LmTunedSettings(
    steps=4,
    batch=2,
    samples=3,
    sampled_tokens=12,
    learning_rate=1e-3,
    checkpoint_every=2,
    validate_every=0,
)
COLUMNS = list(STATED.values())


def context(tunable: Path, tones: Path, **changes: object) -> Context:
    return stating_context(tunable, tones, Settings(lmtuned=replace(TUNED, **changes)))


def task(tunable: Path, tones: Path, **changes: object) -> LmTunedTask:
    return LmTunedTask(context(tunable, tones, **changes))


def draws(*indices: int, seed: int = 1) -> list[Draw]:
    return [Draw(index, generator(seed, index)) for index in indices]


def test_it_begins_with_what_the_language_model_has_learned(tunable: Path, tones: Path) -> None:
    trained = task(tunable, tones)
    learned = Context(tunable, tones, load("tiny"), Settings(), ALONE).learned("lm", "lm").state_dict()
    assert all(torch.equal(value, learned[key]) for key, value in trained.lm.state_dict().items())


def test_requests_are_what_the_captions_of_labelled_clips_state(tunable: Path, tones: Path) -> None:
    trained = task(tunable, tones)
    assert trained.places == [0, 2, 3, 5, 6, 7] and trained.examples == 6
    for place in trained.places:
        family, drums, tempo = trained.requests[place][0].wanted
        labels = named(place)
        assert family == CHOICES["lead_family"].index(labels["lead_family"]) and drums == -1
        assert tempo == (CHOICES["tempo"].index(labels["tempo"]) if place % 2 else -1)
    silent = context(tunable, tones)
    clips = [captioned(clip, "Something is heard.") for clip in silent.corpus.split("train")]
    vars(silent)["corpus"] = SimpleNamespace(split=lambda name: clips)
    with pytest.raises(
        TrainingError, match=r"no training caption states what labels tell; set lmtuned.steps to 0"
    ):
        LmTunedTask(silent)


def test_a_batch_has_a_caption_of_each_of_its_clips(tunable: Path, tones: Path) -> None:
    trained = task(tunable, tones, text_prefix=0.0)
    (codes, tokens, _), asked, wanted = trained.batch(draws(1, 3))
    for row, place in enumerate((2, 5)):
        assert torch.equal(tokens[row], trained.clips.tokens(place))
        assert torch.equal(codes[row], trained.clips.codes(place))
        assert torch.equal(asked[row], trained.clips.text_codes(place)[0])
        assert tuple(wanted[row].tolist()) == trained.requests[place][0].wanted


def test_the_reward_is_the_probability_of_what_is_stated() -> None:
    heard = {name: torch.randn(3, len(CHOICES[name])).log_softmax(dim=1) for name in COLUMNS}
    heard["drums"][1] = torch.tensor([0.0, -50.0])
    wanted = torch.tensor([[2, -1, 1], [-1, 1, -1], [-1, -1, -1]])
    first = float(heard["lead_family"][0, 2].clamp(min=LEAST) + heard["tempo"][0, 1].clamp(min=LEAST))
    assert reward(heard, wanted).tolist() == pytest.approx([first, LEAST, 0.0], abs=1e-6)


def test_advantages_compare_within_a_group() -> None:
    found = advantages(torch.tensor([1.0, 3.0, -7.0, -7.0]), 2)
    assert found.tolist() == pytest.approx([-1 / 1.1, 1 / 1.1, 0.0, 0.0], abs=1e-5)


def test_draws_follow_the_likelihood_of_the_tokens(tunable: Path, tones: Path) -> None:
    """Of many first tokens each is as frequent as the network says; later ones depend on those before."""
    trained = task(tunable, tones)
    codes = trained.clips.text_codes(0)[:1]
    torch.manual_seed(5)
    tokens = draw(trained.lm, codes.expand(4000, -1), 2)
    shares = torch.bincount(tokens[:, 0], minlength=32) / 4000
    every = torch.stack([torch.arange(32), torch.zeros(32, dtype=torch.long)], dim=1)
    with torch.no_grad():
        chances = trained.likelihood(codes.expand(32, -1), every)[:, 0].exp()
    assert float(chances.sum()) == pytest.approx(1.0, abs=1e-4) and float(chances.max()) > 0.05
    assert torch.allclose(shares, chances, atol=0.03)
    first = int(chances.argmax())
    following = torch.stack([torch.full((32,), first), torch.arange(32)], dim=1)
    with torch.no_grad():
        after = trained.likelihood(codes.expand(32, -1), following)[:, 1].exp()
    own = tokens[tokens[:, 0] == first, 1]
    assert torch.allclose(torch.bincount(own, minlength=32) / len(own), after, atol=0.12)
    torch.manual_seed(5)
    assert torch.equal(draw(trained.lm, codes.expand(4000, -1), 2), tokens)


def test_dropout_is_off_while_tokens_are_drawn(tunable: Path, tones: Path) -> None:
    trained = task(tunable, tones, dropout=0.5)
    trained.lm.train()
    codes, found = trained.clips.text_codes(0)[:1], []
    for _ in range(2):
        torch.manual_seed(3)
        trained.lm.train()
        found.append(draw(trained.lm, codes, 20))
        assert trained.lm.training
    trained.lm.eval()
    torch.manual_seed(3)
    expected = draw(trained.lm, codes, 20)
    assert all(torch.equal(tokens, expected) for tokens in found)


def test_rewarded_tokens_become_likelier(tunable: Path, tones: Path) -> None:
    """A listener that is pleased by one token alone."""
    trained = task(tunable, tones, samples=16, reward_weight=100.0, weight_decay=0.0)

    def pleased(tokens: torch.Tensor) -> dict[str, torch.Tensor]:
        share = (tokens == 7).float().mean(dim=1, keepdim=True) - 1.0
        return {name: share.expand(-1, len(CHOICES[name])) for name in COLUMNS}

    trained.listener = pleased
    update, batch = Update("lmtuned", trained.settings, trained.groups, ALONE), trained.batch(draws(0, 1))
    rewards = []
    for step in range(25):
        torch.manual_seed(step)
        rewards.append(float(trained.optimise(batch, step, update)["reward"]))
    assert rewards[0] < -0.7 and rewards[-1] > -0.1


def test_without_a_reward_it_is_the_language_models_own_step(tunable: Path, tones: Path) -> None:
    trained, other = task(tunable, tones, reward_weight=0.0), task(tunable, tones, reward_weight=0.0)
    batch = trained.batch(draws(0, 1))
    update = Update("lmtuned", trained.settings, trained.groups, ALONE)
    trained.optimise(batch, 0, update)
    loss, _ = other.objective(*batch[0])
    Update("lmtuned", other.settings, other.groups, ALONE)("lm", loss)
    for key, value in trained.lm.state_dict().items():
        assert torch.allclose(value, other.lm.state_dict()[key], atol=1e-6)


def test_validation_tells_how_often_drawn_tokens_tell_what_is_stated(tunable: Path, tones: Path) -> None:
    trained = task(tunable, tones, validation_clips=4)
    trained.lm.eval()
    with torch.no_grad():
        found, again = trained.validate(), trained.validate()
    assert found == again and {"loss", "told_lead_family", "told_tempo"} <= set(found)
    assert "told_drums" not in found and all(math.isfinite(value) for value in found.values())
    trained.listener = lambda tokens: {
        name: torch.eye(len(CHOICES[name]))[torch.zeros(len(tokens), dtype=torch.long)] for name in COLUMNS
    }
    with torch.no_grad():
        told = trained.validate()
    families = [CHOICES["lead_family"].index(named(number)["lead_family"]) for number in range(4)]
    assert told["told_lead_family"] == pytest.approx(families.count(0) / 4)
    assert told["told_tempo"] == pytest.approx([number % 3 for number in (1, 3)].count(0) / 2)


def test_resumed_equals_uninterrupted_bit_for_bit(tunable: Path, tones: Path, tmp_path: Path) -> None:
    assert_resumes(lambda: task(tunable, tones), tmp_path)
