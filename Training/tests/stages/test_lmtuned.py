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
from nocturne_training.stages.lmtuned import LmTunedTask
from nocturne_training.stages.requests import SIZES, STATED
from nocturne_training.trainer.errors import TrainingError
from nocturne_training.trainer.randomness import Draw, generator
from nocturne_training.trainer.settings import LmTunedSettings, Settings
from nocturne_training.trainer.update import Update

TUNED = LmTunedSettings(
    steps=4,
    batch=2,
    asked=3,
    read=4,
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
        family, drums, tempo, style, quality = trained.requests[place][0].wanted
        labels = named(place)
        assert family == CHOICES["lead_family"].index(labels["lead_family"])
        assert drums == style == quality == -1
        assert tempo == (CHOICES["tempo"].index(labels["tempo"]) if place % 2 else -1)
    silent = context(tunable, tones)
    clips = [captioned(clip, "Something is heard.") for clip in silent.corpus.split("train")]
    vars(silent)["corpus"] = SimpleNamespace(split=lambda name: clips)
    with pytest.raises(
        TrainingError, match=r"no training caption states what labels tell; set lmtuned.steps to 0"
    ):
        LmTunedTask(silent)


def test_a_batch_asks_by_captions_of_its_clips_and_reads_those_of_any(tunable: Path, tones: Path) -> None:
    trained = task(tunable, tones, text_prefix=0.0, asked=2, read=40)
    # Untrained towers give all captions the same codes.
    trained.clips.text_codes = lambda place, **_: torch.full((1, 4), place)
    batch, again = (trained.batch(draws(1, 3)) for _ in range(2))
    assert all(torch.equal(one, other) for one, other in zip(batch[1:], again[1:], strict=True))
    codes, tokens, _ = batch.own
    for row, place in enumerate((2, 5)):
        assert torch.equal(tokens[row], trained.clips.tokens(place))
        assert torch.equal(codes[row], trained.clips.codes(place))
        for one in (2 * row, 2 * row + 1):
            assert torch.equal(batch.asked[one], trained.clips.text_codes(place)[0])
            assert tuple(batch.wanted[one].tolist()) == trained.requests[place][0].wanted
    known = {
        (*trained.clips.text_codes(place)[0].tolist(), *one.wanted)
        for place, (one,) in trained.requests.items()
    }
    read = [(*code.tolist(), *row.tolist()) for code, row in zip(batch.read, batch.stated, strict=True)]
    assert len(read) == 40 and set(read) == known
    assert len(task(tunable, tones, read=1).batch(draws(1, 3)).read) == 2


def test_what_is_heard_of_a_token_learns_by_all_of_them(tunable: Path, tones: Path) -> None:
    """Its value is the drawn token's; its gradient is that of the mean by their probability."""
    trained = task(tunable, tones)
    codes, tokens = trained.clips.text_codes(0)[:1], torch.tensor([[3, 1, 4]])
    table, weight = trained.listener.table(), trained.lm.head.weight
    relaxed = trained.relaxed(codes, tokens)
    assert torch.allclose(relaxed, table[tokens], atol=1e-6)
    towards = torch.randn(relaxed.shape)
    (found,) = torch.autograd.grad((relaxed * towards).sum(), weight)
    logits = trained.logits(codes, tokens)[..., trained.config.semantic_start : trained.config.bos]
    (expected,) = torch.autograd.grad(((logits.softmax(dim=-1) @ table) * towards).sum(), weight)
    assert torch.allclose(found, expected, atol=1e-6) and found.abs().max() > 1e-4


def test_draws_follow_the_likelihood_of_the_tokens(tunable: Path, tones: Path) -> None:
    """Of many first tokens each is as frequent as the network says; later ones depend on those before."""
    trained = task(tunable, tones)
    codes = trained.clips.text_codes(0)[:1]
    torch.manual_seed(5)
    tokens = draw(trained.lm, codes.expand(4000, -1), 2)
    shares = torch.bincount(tokens[:, 0], minlength=32) / 4000
    with torch.no_grad():
        chances = trained.chances(codes, torch.zeros(1, 1, dtype=torch.long))[0, 0]
    assert float(chances.sum()) == pytest.approx(1.0, abs=1e-4) and float(chances.max()) > 0.05
    assert torch.allclose(shares, chances, atol=0.03)
    first = int(chances.argmax())
    with torch.no_grad():
        after = trained.chances(codes, torch.tensor([[first, 0]]))[0, 1]
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


def test_tokens_that_tell_what_is_stated_become_likelier(tunable: Path, tones: Path) -> None:
    """A listener that hears what is wanted in one token alone."""
    trained = task(tunable, tones, asked=8, reward_weight=10.0, prefix_weight=0.0, weight_decay=0.0)

    def heard(x: torch.Tensor) -> dict[str, torch.Tensor]:
        share = x[..., 7].mean(dim=1, keepdim=True)
        return {
            name: torch.cat((4.0 * share, torch.zeros(len(x), len(CHOICES[name]) - 1)), dim=1)
            for name in COLUMNS
        }

    trained.listener = SimpleNamespace(table=lambda: torch.eye(32), heard=heard)
    batch = trained.batch(draws(0, 1))._replace(wanted=torch.zeros(16, len(SIZES), dtype=torch.long))
    update, missed = Update("lmtuned", trained.settings, trained.groups, ALONE), []
    for step in range(40):
        torch.manual_seed(step)
        missed.append(float(trained.optimise(batch, step, update)["missed"].detach()))
    with torch.no_grad():
        tokens = draw(trained.lm, batch.asked, 12)
    assert missed[-1] < missed[0] - 1.0 and float((tokens == 7).float().mean()) > 0.8


def test_what_captions_state_is_read_behind_their_codes(tunable: Path, tones: Path) -> None:
    trained = task(tunable, tones, reward_weight=0.0, learning_rate=1e-2)
    update, before = Update("lmtuned", trained.settings, trained.groups, ALONE), trained.teller.weight.clone()
    batch = trained.batch(draws(0, 1))._replace(
        read=torch.arange(4)[:, None].expand(4, trained.config.rvq.quantizers),
        stated=torch.tensor([[0, -1, 0, 21, 1], [1, 0, -1, 3, -1], [2, 1, 2, -1, 0], [3, -1, 1, 0, -1]]),
    )
    unread = [float(trained.optimise(batch, step, update)["unread"].detach()) for step in range(40)]
    assert unread[-1] < 0.1 * unread[0] and not torch.equal(trained.teller.weight, before)
    (found,) = torch.autograd.grad(trained.told(batch.read)[0].sum(), trained.lm.embedding.weight)
    assert found[trained.lm.prefix(batch.read[:1])[0, 1:]].abs().amax(dim=1).min() > 0
    assert trained.modules.keys() == {"lm", "teller"} and trained.exports().keys() == {"lm"}


def test_without_a_reward_it_is_the_language_models_own_step(tunable: Path, tones: Path) -> None:
    none = {"reward_weight": 0.0, "prefix_weight": 0.0}
    trained, other = task(tunable, tones, **none), task(tunable, tones, **none)
    batch = trained.batch(draws(0, 1))
    update = Update("lmtuned", trained.settings, trained.groups, ALONE)
    trained.optimise(batch, 0, update)
    loss, _ = other.objective(*batch.own)
    Update("lmtuned", other.settings, other.groups, ALONE)("lm", loss)
    for key, value in trained.lm.state_dict().items():
        assert torch.allclose(value, other.lm.state_dict()[key], atol=1e-6)


def test_validation_tells_how_often_drawn_tokens_tell_what_is_stated(tunable: Path, tones: Path) -> None:
    trained = task(tunable, tones, validation_clips=4)
    trained.lm.eval()
    with torch.no_grad():
        found, again = trained.validate(), trained.validate()
    assert found == again and {"loss", "told_lead_family", "told_tempo", "read_lead_family"} <= set(found)
    assert "told_drums" not in found and all(math.isfinite(value) for value in found.values())
    trained.listener = lambda tokens: {
        name: torch.eye(len(CHOICES[name]))[torch.zeros(len(tokens), dtype=torch.long)] for name in COLUMNS
    }
    with torch.no_grad():
        told = trained.validate()
    families = [CHOICES["lead_family"].index(named(number)["lead_family"]) for number in range(4)]
    assert told["told_lead_family"] == pytest.approx(families.count(0) / 4)
    assert told["told_tempo"] == pytest.approx([number % 3 for number in (1, 3)].count(0) / 2)
    assert told["read_tempo"] == found["read_tempo"]
    trained.teller.bias.data[: len(CHOICES["lead_family"])] = (
        100.0 * torch.eye(len(CHOICES["lead_family"]))[0]
    )
    with torch.no_grad():
        assert trained.validate()["read_lead_family"] == pytest.approx(families.count(0) / 4)


def test_resumed_equals_uninterrupted_bit_for_bit(tunable: Path, tones: Path, tmp_path: Path) -> None:
    assert_resumes(lambda: task(tunable, tones), tmp_path)
