"""The diffusion network tuned for what a listener hears."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from unittest.mock import Mock

import pytest
import torch
from extraction import ALONE
from listening import labelled_context, named
from resumption import assert_resumes

from nocturne_training.config import load
from nocturne_training.models.listeners import surprise, transposed
from nocturne_training.models.sound_listener import tilted
from nocturne_training.sampler import sample
from nocturne_training.schedule import angles, steps
from nocturne_training.stages import dpdtuned, soundlisteners
from nocturne_training.stages.context import Context
from nocturne_training.stages.dpdtuned import DpdTunedTask
from nocturne_training.stages.labels import CHOICES
from nocturne_training.stages.listeners import learned
from nocturne_training.trainer.errors import TrainingError
from nocturne_training.trainer.randomness import Draw, generator
from nocturne_training.trainer.settings import DpdTunedSettings, LmTunedSettings, Settings, VaeTunedSettings
from nocturne_training.trainer.update import Update

WANTED = {"lead": 0.7, "lead_family": 1.5, "tempo": 0.5, "drums": 1.5, "quality": 0.5, "style": 0.3}
TOLD = {name: weight for name, weight in WANTED.items() if name != "quality"}
"""What tokens tell that do not name the mode, and what listeners of sound hear."""
TUNED = DpdTunedSettings(
    steps=4,
    batch=2,
    crop_frames=100,
    learning_rate=1e-3,
    checkpoint_every=2,
    validate_every=0,
    validation_clips=2,
    sampler_steps=3,
    through=2,
)


def task(tunable: Path, tones: Path, **changes: object) -> DpdTunedTask:
    return DpdTunedTask(labelled_context(tunable, tones, Settings(dpdtuned=replace(TUNED, **changes))))


def draws(*indices: int, seed: int = 1) -> list[Draw]:
    return [Draw(index, generator(seed, index)) for index in indices]


def test_it_begins_with_what_the_diffusion_network_has_learned(tunable: Path, tones: Path) -> None:
    learned_dpd = Context(tunable, tones, load("tiny"), Settings(), ALONE).learned("dpd", "dpd").state_dict()
    state = task(tunable, tones).dpd.state_dict()
    assert all(torch.equal(value, learned_dpd[key]) for key, value in state.items())


def test_clips_of_their_own_tokens_have_corrected_ones(
    tunable: Path, tones: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both those that the velocity is learned with and those that are played."""
    plain = task(tunable, tones)
    assert plain.correction is None
    made: list[float] = []

    class Reversed:
        def __init__(self, context: Context, clips: object, weight: float) -> None:
            made.append(weight)

        def __call__(self, tokens: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
            assert torch.equal(labels, plain.wanted[[0, 1]])
            return tokens.flip(1)

    monkeypatch.setattr(dpdtuned, "Correction", Reversed)
    (own, played), (other, expected) = (
        one.batch(draws(0, 1)) for one in (task(tunable, tones, correction=0.5), plain)
    )
    assert made == [0.5] and torch.equal(own.tokens, other.tokens.flip(1))
    assert torch.equal(played.tokens, expected.tokens.flip(1)) and torch.equal(own.noise, other.noise)


def test_the_mode_is_wanted_where_tokens_name_it(
    tunable: Path, tones: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = task(tunable, tones)
    assert plain.wanting == TOLD and plain.batch(draws(0, 1))[1].wanted.keys() == TOLD.keys()
    monkeypatch.setattr(Context, "tells_mode", True)
    telling = task(tunable, tones)
    assert telling.wanting == WANTED and telling.batch(draws(0, 1))[1].wanted.keys() == WANTED.keys()


def test_clips_are_played_as_they_are_rendered(tunable: Path, tones: Path) -> None:
    trained = task(tunable, tones)
    trained.dpd.eval()
    tokens, z = trained.clips.tokens(3, 0, 10)[None], torch.randn(1, 100, 16)
    with torch.no_grad():
        condition = trained.dpd.condition(tokens)
        expected = sample(
            lambda noisy, angles, given: trained.dpd(noisy, angles, condition, conditional=given),
            z,
            3,
            schedule=trained.config.dpd.schedule,
            guidance=trained.config.dpd.guidance,
        )
    for learning in range(4):
        assert torch.allclose(trained.play(tokens, z, 3, learning), expected, atol=1e-4)


def test_gradients_go_through_the_last_steps_alone(tunable: Path, tones: Path) -> None:
    """Of three: the steps before them are a constant."""
    trained = task(tunable, tones)
    tokens, z = trained.clips.tokens(3, 0, 10)[None], torch.randn(1, 100, 16)

    def gradient(made: torch.Tensor) -> torch.Tensor:
        trained.dpd.zero_grad()
        made.square().sum().backward()
        return trained.dpd.semantic.table.weight.grad.clone()

    assert not trained.play(tokens, z, 3, 0).requires_grad
    found = [gradient(trained.play(tokens, z, 3, learning)) for learning in (1, 2, 3)]
    own = trained.config.dpd
    visited = list(zip(angles(own.schedule, 3), steps(own.schedule, 3), strict=False))

    def walk(z: torch.Tensor, part: list[tuple[float, float]]) -> torch.Tensor:
        for angle, step in part:
            at, condition = torch.full(z.shape[:2], angle), trained.dpd.condition(tokens)
            given = trained.dpd(z, at, condition)
            with torch.no_grad():
                free = trained.dpd(z, at, condition, conditional=False)
            z = math.cos(step) * z - math.sin(step) * (free + own.guidance * (given - free))
        return z

    for learning in (1, 2, 3):
        with torch.no_grad():
            before = walk(z, visited[: 3 - learning])
        expected = gradient(walk(before, visited[3 - learning :]))
        assert torch.allclose(expected, found[learning - 1], rtol=1e-3, atol=1e-5)
    assert not torch.allclose(found[1], found[2], rtol=0.01)


def test_one_batch_is_overfitted_to_please_the_listener(tunable: Path, tones: Path) -> None:
    """One that hears the first choice of every label the more, the lower the latents are."""
    trained = task(tunable, tones, reward_weight=1.0, learning_rate=3e-3, sampler_steps=2)
    ladder = {name: torch.linspace(-20.0, 20.0, len(CHOICES[name])) for name in TOLD}
    own, played = trained.batch(draws(0, 1))
    first = {name: torch.eye(len(steps))[[0, 0]] for name, steps in ladder.items()}
    batch = own, replace(played, wanted=first)
    trained.listener = lambda z, _: {
        name: (z.mean(dim=(1, 2))[:, None] * steps).log_softmax(dim=1) for name, steps in ladder.items()
    }
    update = Update("dpdtuned", trained.settings, trained.groups, ALONE)
    missed = [float(trained.optimise(batch, step, update)["missed"].detach()) for step in range(60)]
    assert missed[0] > 10.0 and missed[-1] < 0.5


def test_the_listener_does_not_learn(tunable: Path, tones: Path) -> None:
    trained = task(tunable, tones)
    before = {name: value.clone() for name, value in trained.listener.state_dict().items()}
    for module in trained.modules.values():
        module.train()
    trained.optimise(
        trained.batch(draws(0, 1)), 0, Update("dpdtuned", trained.settings, trained.groups, ALONE)
    )
    assert all(torch.equal(value, before[name]) for name, value in trained.listener.state_dict().items())


def test_own_tokens_should_be_heard_as_what_their_clip_is(tunable: Path, tones: Path) -> None:
    trained = task(tunable, tones)
    assert trained.examples == 7
    seen, shifts = set(), set()
    for seed in range(30):
        (own, played), (_, again) = (trained.batch(draws(1, 4, seed=seed)) for _ in range(2))
        assert torch.equal(played.tokens, own.tokens) and torch.equal(played.start, again.start)
        assert played.start.shape == played.hiss.shape == own.latents.shape
        assert not torch.equal(played.start, own.noise)
        assert float(played.start.std()) == pytest.approx(1.0, abs=0.1) and float(played.hiss.std()) < 0.12
        for row, index in enumerate((2, 5)):
            for name in TOLD:
                assert int(played.wanted[name][row].argmax()) == CHOICES[name].index(named(index)[name])
        seen.add(played.learning)
        shifts.add(played.semitones)
    assert seen == {1, 2} and shifts == set(range(-2, 3))


def test_half_of_the_clips_are_made_in_more_steps(tunable: Path, tones: Path) -> None:
    trained = task(tunable, tones, most_steps=7)
    counts = [trained.batch(draws(0, seed=seed))[1].steps for seed in range(100)]
    assert set(counts) == set(range(3, 8)) and 45 < counts.count(3) < 75
    fixed = task(tunable, tones)
    assert {fixed.batch(draws(0, seed=seed))[1].steps for seed in range(10)} == {3}
    own, played = trained.batch(draws(0, 1))
    rates = []
    trained.play = lambda tokens, z, count, learning: rates.append((count, learning)) or z
    trained.optimise((own, replace(played, steps=6, learning=2)), 0, Mock())
    assert rates == [(6, 2)]


def test_drawn_tokens_should_be_heard_as_what_they_tell(tunable: Path, tones: Path) -> None:
    trained = task(tunable, tones, drawn=5, drawn_share=1.0)
    assert trained.drawn.shape == (5, 250) and len(trained.drawn.unique(dim=0)) == 5
    again = task(tunable, tones, drawn=5, drawn_share=1.0)
    assert torch.equal(trained.drawn, again.drawn)
    own, played = trained.batch(draws(0, 1, 2))
    heard = learned(labelled_context(tunable, tones, Settings()), "tokens")(trained.drawn)
    for row in range(3):
        assert not torch.equal(played.tokens[row], own.tokens[row])
        place = next(p for p in range(5) if torch.equal(trained.drawn[p, :10], played.tokens[row]))
        for name in TOLD:
            likeliest = torch.eye(len(CHOICES[name]))[heard[name][place].argmax()]
            assert torch.equal(played.wanted[name][row], likeliest)
    half = task(tunable, tones, drawn=5, drawn_share=0.5)
    batches = [half.batch(draws(0, seed=seed)) for seed in range(60)]
    count = sum(not torch.equal(played.tokens, own.tokens) for own, played in batches)
    assert 15 < count < 45


def test_tokens_are_drawn_by_the_tuned_language_model_where_there_is_one(tunable: Path, tones: Path) -> None:
    settings = Settings(dpdtuned=replace(TUNED, drawn=2), lmtuned=LmTunedSettings(steps=1))
    with pytest.raises(TrainingError, match=r"lmtuned/lm.safetensors: missing; run the stage lmtuned first"):
        DpdTunedTask(labelled_context(tunable, tones, settings))


def test_the_loss_is_that_of_the_velocity_and_the_weighted_surprise(tunable: Path, tones: Path) -> None:
    trained, other = task(tunable, tones, reward_weight=0.3), task(tunable, tones, reward_weight=0.3)
    own, played = trained.batch(draws(0, 1))
    found = trained.optimise((own, played), 0, Update("dpdtuned", trained.settings, trained.groups, ALONE))
    error = other.objective(own.latents, own.noise, own.angles, own.tokens, own.dropped)[0]
    made = other.play(played.tokens, played.start, played.steps, played.learning).clamp(-1.0, 1.0)
    missed = surprise(other.listener(made + played.hiss, played.semitones), played.wanted, TOLD)
    assert float(found["loss"].detach()) == pytest.approx(float(error.detach()), rel=1e-5)
    assert float(found["missed"].detach()) == pytest.approx(float(missed.detach()), rel=1e-5)
    Update("dpdtuned", other.settings, other.groups, ALONE)("dpd", error + 0.3 * missed)
    for key, value in trained.dpd.state_dict().items():
        assert torch.allclose(value, other.dpd.state_dict()[key], atol=1e-6)


def test_what_listeners_miss_in_the_sound_counts_where_it_is_asked(tunable: Path, tones: Path) -> None:
    changes = {"sound_weight": 0.7, "sound_frames": 90, "drums_weight": 4.0}
    for step, kind in enumerate(("mel", "pitch")):
        trained, other = task(tunable, tones, **changes), task(tunable, tones, **changes)
        own, played = trained.batch(draws(0, 1))
        update = Update("dpdtuned", trained.settings, trained.groups, ALONE)
        found = trained.optimise((own, played), step, update)
        error = other.objective(own.latents, own.noise, own.angles, own.tokens, own.dropped)[0]
        made = other.play(played.tokens, played.start, played.steps, played.learning).clamp(-1.0, 1.0)
        wanted = TOLD | {"drums": 4.0}
        missed = surprise(other.listener(made + played.hiss, played.semitones), played.wanted, wanted)
        context, manner = labelled_context(tunable, tones, Settings()), played.manner
        listener = soundlisteners.learned(context)[step]
        assert listener.kind == kind
        decoder = context.learned("vae", "vae_decoder")
        frames = listener.frames(decoder(made[:, manner.first : manner.first + 90]))
        if kind == "pitch":
            frames = transposed(frames, manner.semitones)
        unheard = surprise(listener(tilted(frames, manner.slope)), played.wanted, wanted)
        assert float(found["unheard"].detach()) == pytest.approx(float(unheard.detach()), rel=1e-4)
        total = error + 0.1 * missed + 0.7 * unheard
        Update("dpdtuned", other.settings, other.groups, ALONE)("dpd", total)
        for key, value in trained.dpd.state_dict().items():
            assert torch.allclose(value, other.dpd.state_dict()[key], atol=1e-5)
    assert task(tunable, tones).sounding is None


def test_sound_is_heard_from_anywhere_in_the_clip(tunable: Path, tones: Path) -> None:
    trained = task(tunable, tones, sound_weight=0.1, sound_frames=60)
    manners = [trained.batch(draws(1, 4, seed=seed))[1].manner for seed in range(60)]
    firsts = [manner.first for manner in manners]
    assert 0 <= min(firsts) < 8 and 32 < max(firsts) <= 40
    assert {manner.semitones for manner in manners} == set(range(-2, 3))
    slopes = torch.cat([manner.slope for manner in manners])
    assert slopes.shape == (120,) and float(slopes.std()) == pytest.approx(0.3, rel=0.25)


def test_the_tuned_decoder_is_heard_where_there_is_one(tunable: Path, tones: Path) -> None:
    tuned = replace(TUNED, sound_weight=0.1, sound_frames=60)
    settings = Settings(dpdtuned=tuned, vaetuned=VaeTunedSettings(steps=1))
    with pytest.raises(TrainingError, match=r"vaetuned/vae_decoder.safetensors: missing; run the stage vae"):
        DpdTunedTask(labelled_context(tunable, tones, settings))
    with pytest.raises(TrainingError, match=r"dpdtuned.soundFrames 42: expected 43 to 2500 latent frames"):
        task(tunable, tones, sound_weight=0.1, sound_frames=42)


def test_validation_tells_what_is_heard_in_held_out_clips(tunable: Path, tones: Path) -> None:
    trained = task(tunable, tones, crop_frames=0, validation_clips=3, sampler_steps=1)
    trained.dpd.eval()
    with torch.no_grad():
        found = trained.validate()
        assert found == trained.validate()
    assert {"velocity", *(f"heard_{name}" for name in TOLD)} <= set(found)
    trained.listener = lambda latents: {
        name: torch.eye(len(CHOICES[name]))[torch.ones(len(latents), dtype=torch.long)] for name in TOLD
    }
    with torch.no_grad():
        found = trained.validate()
    assert found["heard_drums"] == pytest.approx(1 / 3) and found["heard_tempo"] == pytest.approx(1 / 3)


def test_resumed_equals_uninterrupted_bit_for_bit(tunable: Path, tones: Path, tmp_path: Path) -> None:
    assert_resumes(lambda: task(tunable, tones, drawn=2), tmp_path)
