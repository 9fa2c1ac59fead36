"""Networks that hear labels in latents and in tokens, and their trainer."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from extraction import ALONE
from listening import labelled_context, named
from resumption import assert_resumes

from nocturne_training.config import load
from nocturne_training.corpus.music.instruments import INSTRUMENTS
from nocturne_training.corpus.vocabulary import FAMILIES, KEYS, MODES, QUALITIES, quality
from nocturne_training.models.harmony import TONALITIES, raised, tonality
from nocturne_training.models.listeners import LatentListener, Names, TokenListener, surprise
from nocturne_training.models.tone_bank import SLOW, Bank
from nocturne_training.stages.context import Context
from nocturne_training.stages.labels import CHOICES, PLACES
from nocturne_training.stages.listeners import (
    UNKNOWN,
    WEIGHTS,
    ListenersTask,
    certain,
    learned,
    tonal_loss,
)
from nocturne_training.stages.weights import write
from nocturne_training.trainer.errors import TrainingError
from nocturne_training.trainer.randomness import Draw, generator
from nocturne_training.trainer.settings import ListenersSettings, Settings
from nocturne_training.trainer.update import Update

LISTENERS = ListenersSettings(
    steps=6, batch=4, learning_rate=2e-3, checkpoint_every=2, validate_every=0, validation_clips=3
)
COUNTS = {name: len(choices) for name, choices in CHOICES.items()}
DEMO = Bank(2, 1200, 192)


def task(run: Path, corpus: Path, **changes: object) -> ListenersTask:
    return ListenersTask(labelled_context(run, corpus, Settings(listeners=replace(LISTENERS, **changes))))


def draws(*indices: int, seed: int = 1) -> list[Draw]:
    return [Draw(index, generator(seed, index)) for index in indices]


def test_the_family_of_the_lead_is_that_of_its_instruments() -> None:
    heard = Names(5, COUNTS)(torch.randn(3, 5))
    assert heard.keys() == {*CHOICES, "families"}
    for family, name in enumerate(FAMILIES):
        own = [n for n, instrument in enumerate(INSTRUMENTS.values()) if instrument.family == name]
        expected = heard["lead"][:, own].exp().sum(dim=1).clamp(min=1e-6)
        assert torch.allclose(heard["lead_family"][:, family].exp(), expected, atol=1e-6)
    assert all(
        torch.allclose(heard[n].exp().sum(dim=1), torch.ones(3), atol=1e-5)
        for n in CHOICES
        if n != "lead_family"
    )


def test_a_tone_bank_is_heard_by_pitch_and_part() -> None:
    listener, latents = LatentListener(192, DEMO, COUNTS, 10), torch.zeros(1, 3, 192)
    for channel, (group, part) in enumerate(DEMO.sources):
        latents[0, 1, channel] = 100 * group + 1 + max(part, 0)
    heard = listener.frames(latents)[0]
    groups = len(DEMO.tones) + 4
    assert heard.shape == (6, groups) and not heard[[0, 1, 4, 5]].any()
    for place in range(2):
        expected = [100 * group + 1 + (place if group >= SLOW else 0) for group in range(groups)]
        assert heard[2 + place].tolist() == expected


def test_transposing_moves_tones_and_leaves_noise() -> None:
    listener, latents = LatentListener(192, DEMO, COUNTS, 10), torch.rand(2, 4, 192)
    plain, tones = listener.frames(latents), len(DEMO.tones)
    for semitones in (3, -2):
        moved = listener.frames(latents, semitones)
        assert moved.shape == plain.shape and torch.equal(moved[..., tones:], plain[..., tones:])
        kept = moved[..., max(0, semitones) : tones + min(0, semitones)]
        assert torch.equal(kept, plain[..., max(0, -semitones) : tones - max(0, semitones)])
    other = LatentListener(192, None, COUNTS, 10)
    assert torch.equal(other.frames(latents, 3), latents)


def test_transposing_within_octaves_leaves_the_mode_and_tones_alone_tell_it() -> None:
    listener = LatentListener(192, DEMO, COUNTS, 10).eval()
    latents, played = torch.zeros(2, 20, 192), (27, 41, 52, 66)
    tones = [[n for n, (group, _) in enumerate(DEMO.sources) if group == tone] for tone in played]
    for column in tones:
        latents[:, :, column] = torch.rand(2, 20, 1)
    with torch.no_grad():
        heard = listener(latents)["quality"]
        for semitones in (-3, 1, 5):
            assert torch.allclose(listener(latents, semitones)["quality"], heard, atol=1e-5)
        latents[:, :, tones[1]] = 0.0
        assert not torch.allclose(listener(latents)["quality"], heard, atol=1e-3)
        frames = torch.rand(2, 20, len(DEMO.tones) + 4)
        before = listener.tonality(frames)["quality"]
        frames[..., -4:] = 0.0
        assert torch.equal(listener.tonality(frames)["quality"], before)
    assert LatentListener(192, None, COUNTS, 10).harmony is None


@torch.no_grad()
def test_tonic_and_mode_are_heard_together() -> None:
    listener = LatentListener(192, DEMO, COUNTS, 10).eval()
    latents = torch.rand(3, 20, 192)
    heard = listener(latents)
    chances = heard["tonality"].exp().unflatten(1, (len(KEYS), len(MODES)))
    assert torch.allclose(chances.sum(dim=(1, 2)), torch.ones(3), atol=1e-5)
    minor = [place for place, mode in enumerate(MODES) if quality(mode) == "minor"]
    expected = chances[:, :, minor].sum(dim=(1, 2))
    assert torch.allclose(heard["quality"].exp()[:, QUALITIES.index("minor")], expected, atol=1e-5)
    # Chords of 0.4 s are 8 of the 20 half frames that a second has; each is heard as its mean.
    assert listener.chord == 8
    frames = torch.rand(1, 16, len(DEMO.tones) + 4)
    held = torch.cat([part.mean(dim=1, keepdim=True).expand_as(part) for part in frames.split(8, dim=1)], 1)
    whole, mean = (listener.tonality(one)["tonality"] for one in (frames, held))
    assert torch.allclose(whole, mean, atol=1e-5)


def test_a_raised_clip_is_of_the_raised_tonality(extracted: Path, tones: Path) -> None:
    assert tonality({"key": "Eb", "mode": "dorian"}) == 3 * len(MODES) + 2
    assert raised(torch.tensor([tonality({"key": "Bb", "mode": "minor"})]), 3).tolist() == [
        tonality({"key": "C#", "mode": "minor"})
    ]
    trained = task(extracted, tones)
    assert set(trained.tonality.tolist()) == {UNKNOWN}
    trained.tonality = torch.arange(7)
    trained.tonality[3] = UNKNOWN
    for seed in range(5):
        batch = trained.batch(draws(2, 3, 6, seed=seed))
        moved = raised(torch.tensor([2, 6]), batch.semitones).tolist()
        assert batch.tonality.tolist() == [moved[0], UNKNOWN, moved[1]]


def test_unknown_tonalities_do_not_count() -> None:
    heard = {"tonality": torch.randn(3, TONALITIES).log_softmax(dim=1)}
    expected = -(heard["tonality"][0, 5] + heard["tonality"][2, 70]) / 2 / math.log(TONALITIES)
    assert float(tonal_loss(heard, torch.tensor([5, UNKNOWN, 70]))) == pytest.approx(float(expected))
    assert float(tonal_loss(heard, torch.full((3,), UNKNOWN))) == 0.0


def test_the_latent_listener_learns_tonalities_where_it_hears_tones(
    extracted: Path, tones: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = task(extracted, tones)
    batch = plain.batch(draws(0, 2))
    scores = torch.randn(2, TONALITIES).log_softmax(dim=1)
    before = dict(plain.listeners["latents"](batch.latents, batch.semitones))
    monkeypatch.setattr(plain.listeners["latents"], "forward", lambda z, n: before | {"tonality": scores})
    wanted = replace(batch, tonality=torch.tensor([3, 40]))
    losses = []
    monkeypatch.setattr(
        "nocturne_training.stages.listeners.named_loss", lambda heard, *_: heard["lead"].sum()
    )
    plain.optimise(wanted, 0, lambda name, loss: losses.append(float(loss.detach())))
    expected = float((before["lead"].sum() + tonal_loss({"tonality": scores}, wanted.tonality)).detach())
    assert losses[0] == pytest.approx(expected, rel=1e-5)


def test_loudness_is_not_heard() -> None:
    listener = LatentListener(192, DEMO, COUNTS, 10).eval()
    latents = torch.rand(2, 20, 192)
    with torch.no_grad():
        soft, loud = listener(latents), listener(latents + 0.5)
    assert all(torch.allclose(soft[name], loud[name], atol=1e-4) for name in soft)


def test_tokens_tell_by_their_told_centre_and_by_themselves() -> None:
    listener = TokenListener(32, 4, COUNTS).eval()
    torch.nn.init.zeros_(listener.embedding.weight)
    with torch.no_grad():
        one, same, other = (listener(torch.full((1, 9), token))["lead"] for token in (8, 15, 16))
        assert torch.equal(one, same) and not torch.equal(one, other)
        torch.nn.init.normal_(listener.embedding.weight)
        assert not torch.equal(listener(torch.full((1, 9), 15))["lead"], same)
        assert TokenListener(32, 0, COUNTS).told is None


def test_surprise_is_the_cross_entropy_as_a_share_of_chance() -> None:
    wanted = torch.tensor([[1, 0], [2, 1]])
    certainly = {"tempo": torch.eye(3)[wanted[:, 0]], "drums": torch.eye(2)[wanted[:, 1]]}
    heard = {name: torch.randn(2, n).log_softmax(dim=1) for name, n in (("tempo", 3), ("drums", 2))}
    expected = sum(
        -weight * float(sum(heard[name][row, wanted[row, column]] for row in range(2))) / 2 / math.log(count)
        for column, (name, count, weight) in enumerate((("tempo", 3, 2.0), ("drums", 2, 0.5)))
    )
    assert float(surprise(heard, certainly, {"tempo": 2.0, "drums": 0.5})) == pytest.approx(
        expected, rel=1e-5
    )
    even = {"tempo": torch.full((2, 3), 1 / 3).log()}
    assert float(surprise(even, certainly, {"tempo": 1.0})) == pytest.approx(1.0)


def test_one_batch_is_overfitted(extracted: Path, tones: Path) -> None:
    trained = task(extracted, tones, warmup=5, weight_decay=0.0)
    update = Update("listeners", replace(trained.settings, steps=200), trained.groups, ALONE)
    batch, losses = trained.batch(draws(0, 1, 2, 3)), []
    for module in trained.listeners.values():
        module.train()
    for step in range(60):
        update.step = step
        losses.append({k: float(v.detach()) for k, v in trained.optimise(batch, step, update).items()})
    for name in ("latents", "tokens"):
        assert losses[0][name] == pytest.approx(1.0, abs=0.4)
        assert losses[-1][name] < 0.1


def test_batches_are_stretches_of_clips_that_have_labels(extracted: Path, tones: Path) -> None:
    trained = task(extracted, tones)
    assert trained.examples == 7 and trained.labelled.tolist() == [0, 2, 3, 4, 5, 6, 7]
    lengths, semitones = set(), set()
    for seed in range(30):
        batch, again = (trained.batch(draws(1, 4, seed=seed)) for _ in range(2))
        assert torch.equal(batch.latents, again.latents) and torch.equal(batch.tokens, again.tokens)
        count = batch.tokens.shape[1]
        assert batch.latents.shape[1] == 10 * count and 125 <= count <= 250
        for row, index in enumerate((2, 5)):
            whole, tokens = trained.latents.frames(index).float(), trained.clips.tokens(index)
            near = [
                (batch.latents[row] - whole[10 * t : 10 * (t + count)]).abs().mean()
                for t in range(251 - count)
            ]
            start = int(torch.stack(near).argmin())
            assert float(min(near)) < 0.17 and torch.equal(batch.tokens[row], tokens[start : start + count])
            told = {name: int(batch.wanted[row, place]) for name, place in PLACES.items()}
            assert told == {name: CHOICES[name].index(named(index)[name]) for name in CHOICES}
        lengths.add(count)
        semitones.add(batch.semitones)
    assert len(lengths) > 10 and semitones == set(range(-3, 4))


@torch.no_grad()
def test_validation_counts_what_is_heard_right(extracted: Path, tones: Path) -> None:
    trained = task(extracted, tones, batch=2)
    trained.listeners.eval()
    found = trained.validate()
    assert found.keys() == {f"{source}_{name}" for source in ("latents", "tokens") for name in CHOICES}
    latents = torch.stack([trained.held_out_latents.frames(index).float() for index in range(3)])
    drums = trained.listeners["latents"](latents)["drums"].argmax(dim=1)
    right = [int(heard) == index % 2 for index, heard in enumerate(drums)]
    assert found["latents_drums"] == pytest.approx(sum(right) / 3)


def test_what_is_learned_is_found_again(extracted: Path, tones: Path, tmp_path: Path) -> None:
    context = labelled_context(tmp_path, tones, Settings())
    with pytest.raises(
        TrainingError, match=r"listeners/tokens.safetensors: missing; run the stage listeners"
    ):
        learned(context, "tokens")
    trained = task(extracted, tones)
    (tmp_path / "listeners").mkdir()
    for name, module in trained.exports().items():
        write(tmp_path / "listeners", name, module)
    for name, module in trained.listeners.items():
        again, state = learned(context, name), module.state_dict()
        assert all(torch.equal(value, state[key]) for key, value in again.state_dict().items())
        assert not again.training and not any(p.requires_grad for p in again.parameters())


def test_a_corpus_without_labels_is_refused(extracted: Path, tones: Path) -> None:
    with pytest.raises(TrainingError, match="no training clip has labels, from which listeners learn"):
        ListenersTask(Context(extracted, tones, load("tiny"), Settings(listeners=LISTENERS), ALONE))


def test_certain_labels_have_all_the_probability() -> None:
    wanted = torch.tensor([[3, 1, 0, 2, 1, 1, *[0] * len(FAMILIES)]])
    found = certain(wanted)
    assert {name: (p.argmax().item(), p.sum().item()) for name, p in found.items()} == {
        name: (int(wanted[0, place]), 1.0) for name, place in PLACES.items()
    }
    assert set(WEIGHTS) < set(found) and found["lead"].shape == (1, COUNTS["lead"])


def test_resumed_equals_uninterrupted_bit_for_bit(extracted: Path, tones: Path, tmp_path: Path) -> None:
    assert_resumes(lambda: task(extracted, tones), tmp_path)
