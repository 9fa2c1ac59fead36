"""The decoder tuned for what listeners of sound hear in it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from unittest.mock import Mock

import pytest
import torch
from extraction import ALONE
from listening import labelled_context, named
from resumption import assert_resumes

from nocturne_training.config import load
from nocturne_training.losses.spectral import log_mel_error, multi_resolution
from nocturne_training.models.listeners import surprise
from nocturne_training.models.sound_listener import distance
from nocturne_training.stages.context import Context
from nocturne_training.stages.labels import CHOICES, PLACES
from nocturne_training.stages.listeners import certain
from nocturne_training.stages.vaetuned import WANTED, VaeTunedTask
from nocturne_training.trainer.errors import TrainingError
from nocturne_training.trainer.randomness import Draw, generator
from nocturne_training.trainer.settings import Settings, SoundListenersSettings, VaeTunedSettings
from nocturne_training.trainer.update import Update

TUNED = VaeTunedSettings(
    steps=4,
    batch=2,
    crop_frames=100,
    learning_rate=1e-3,
    checkpoint_every=2,
    validate_every=0,
    validation_clips=2,
)


def task(tunable: Path, tones: Path, **changes: object) -> VaeTunedTask:
    return VaeTunedTask(labelled_context(tunable, tones, Settings(vaetuned=replace(TUNED, **changes))))


def draws(*indices: int, seed: int = 1) -> list[Draw]:
    return [Draw(index, generator(seed, index)) for index in indices]


def test_it_begins_with_what_the_vae_has_learned_and_leaves_the_decoder_alone(
    tunable: Path, tones: Path
) -> None:
    learned = Context(tunable, tones, load("tiny"), Settings(), ALONE).learned("vae", "vae_decoder")
    trained = task(tunable, tones)
    state, expected = trained.decoder.state_dict(), learned.state_dict()
    assert all(torch.equal(value, expected[key]) for key, value in state.items())
    assert trained.exports().keys() == trained.modules.keys() == {"vae_decoder"}


def test_latents_and_sound_are_of_the_same_stretch(tunable: Path, tones: Path) -> None:
    trained, starts = task(tunable, tones), set()
    assert trained.examples == 7
    for seed in range(20):
        batch, again = (trained.batch(draws(1, 4, seed=seed)) for _ in range(2))
        assert torch.equal(batch.audio, again.audio) and batch.audio.shape == (2, 100 * 96)
        for row, index in enumerate((2, 5)):
            whole = trained.latents.frames(index).float().unfold(0, 100, 1).transpose(1, 2)
            matches = (whole == batch.latents[row]).all(dim=2).all(dim=1).nonzero()[:, 0].tolist()
            audio = [torch.from_numpy(trained.clips[index].audio(96 * t, 9600)) for t in matches]
            found = [t for t, one in zip(matches, audio, strict=True) if torch.equal(one, batch.audio[row])]
            assert len(found) == 1
            starts.add(found[0])
            told = {name: int(batch.wanted[row, place]) for name, place in PLACES.items()}
            assert told == {name: CHOICES[name].index(named(index)[name]) for name in CHOICES}
    assert len(starts) > 20 and max(starts) > 1800


def test_it_learns_from_clips_that_the_listeners_do_not_know(tunable: Path, tones: Path) -> None:
    settings = Settings(vaetuned=TUNED, soundlisteners=SoundListenersSettings(share=0.6))
    trained = VaeTunedTask(labelled_context(tunable, tones, settings))
    assert trained.places.tolist() == [5, 6, 7] and trained.examples == 3
    wanted = trained.batch(draws(0, 2)).wanted[:, PLACES["lead"]].tolist()
    assert wanted == [CHOICES["lead"].index(named(number)["lead"]) for number in (5, 7)]


def test_the_loss_is_of_spectra_log_mel_features_and_surprise(tunable: Path, tones: Path) -> None:
    weights = {"spectral_weight": 3.0, "mel_weight": 5.0, "feature_weight": 7.0, "surprise_weight": 11.0}
    for step in (0, 1):
        trained, update = task(tunable, tones, **weights), Mock()
        batch = trained.batch(draws(0, 1))
        found = trained.optimise(batch, step, update)
        made, listener = trained.decoder(batch.latents), trained.listeners[step]
        assert listener.kind == ("mel", "pitch")[step]
        real, heard = (listener.features(listener.frames(sound)) for sound in (batch.audio, made))
        parts = {
            "spectral": multi_resolution(batch.audio, made),
            "log_mel": log_mel_error(batch.audio, made),
            "features": distance(real, heard),
            "missed": surprise(listener.told(heard), certain(batch.wanted), WANTED),
        }
        for name, value in parts.items():
            assert float(found[name].detach()) == pytest.approx(float(value.detach()), rel=1e-4)
        total = sum(
            weight * float(parts[name].detach()) for weight, name in zip(weights.values(), parts, strict=True)
        )
        ((group, loss),) = (call.args for call in update.call_args_list)
        assert group == "decoder" and float(loss.detach()) == pytest.approx(total, rel=1e-4)


class Meter:
    """Hears the first choice of every label the more, the quieter it is, and nothing else."""

    kind = "mel"

    def frames(self, audio: torch.Tensor) -> torch.Tensor:
        return audio.square().mean(dim=1, keepdim=True).clamp(min=1e-9).log()[:, :, None]

    def features(self, frames: torch.Tensor) -> list[torch.Tensor]:
        return [frames]

    def told(self, features: list[torch.Tensor]) -> dict[str, torch.Tensor]:
        ladders = {name: torch.linspace(-1.0, 1.0, len(CHOICES[name])) for name in WANTED}
        return {
            name: ((features[-1][:, 0] + 9.0) * steps).log_softmax(dim=1) for name, steps in ladders.items()
        }


def test_one_batch_is_overfitted_to_please_the_listeners(tunable: Path, tones: Path) -> None:
    alone = {"spectral_weight": 0.0, "mel_weight": 0.0, "feature_weight": 0.0}
    trained = task(tunable, tones, learning_rate=1e-2, clip=1.0, **alone)
    batch = trained.batch(draws(0, 1))
    trained.listeners = [Meter()]
    quiet = replace(batch, wanted=torch.zeros_like(batch.wanted))
    update = Update("vaetuned", trained.settings, trained.groups, ALONE)
    missed = [float(trained.optimise(quiet, 0, update)["missed"].detach()) for _ in range(80)]
    assert missed[0] > 10.0 and missed[-1] < 0.2 * missed[0]


def test_the_listeners_do_not_learn(tunable: Path, tones: Path) -> None:
    trained = task(tunable, tones)
    before = [{k: v.clone() for k, v in one.state_dict().items()} for one in trained.listeners]
    for module in trained.modules.values():
        module.train()
    update = Update("vaetuned", trained.settings, trained.groups, ALONE)
    for step in range(2):
        trained.optimise(trained.batch(draws(0, 1)), step, update)
    for listener, state in zip(trained.listeners, before, strict=True):
        assert all(torch.equal(value, state[key]) for key, value in listener.state_dict().items())


def test_validation_compares_reconstructions_with_the_clips(tunable: Path, tones: Path) -> None:
    """By a listener that knows the clips, and takes anything else for the other."""
    trained = task(tunable, tones)
    trained.decoder.eval()
    clips = torch.stack([torch.from_numpy(clip.audio()) for clip in trained.held_out_clips[:2]])

    def knowing(sound: torch.Tensor) -> dict[str, torch.Tensor]:
        is_known = any(torch.equal(sound[0], clip) for clip in clips)
        drums = int(bool(torch.equal(sound[0], clips[1]))) if is_known else 1
        rows = {name: torch.zeros(1, len(CHOICES[name])) for name in WANTED}
        return rows | {"drums": torch.eye(2)[[drums]]}

    knowing.kind, knowing.frames = "mel", lambda sound: sound
    own = trained.listeners[1]
    trained.listeners = [knowing, own]
    with torch.no_grad():
        found = trained.validate()
        latents = torch.stack([trained.held_out.frames(index).float() for index in range(2)])
        made = trained.decoder(latents)
        assert found["log_mel"] == pytest.approx(float(log_mel_error(clips, made)), rel=1e-3)
        assert found["real_mel_drums"] == 1.0 and found["heard_mel_drums"] == 0.5
        for name, sound in (("real", clips), ("heard", made)):
            drums = own(own.frames(sound))["drums"].argmax(dim=1)
            right = [int(heard) == index % 2 for index, heard in enumerate(drums)]
            assert found[f"{name}_pitch_drums"] == pytest.approx(sum(right) / 2)


@pytest.mark.parametrize("frames", [42, 2501])
def test_a_crop_that_cannot_be_listened_to_is_refused(tunable: Path, tones: Path, frames: int) -> None:
    message = rf"vaetuned.cropFrames {frames}: expected 43 to 2500 latent frames"
    with pytest.raises(TrainingError, match=message):
        task(tunable, tones, crop_frames=frames)


def test_resumed_equals_uninterrupted_bit_for_bit(tunable: Path, tones: Path, tmp_path: Path) -> None:
    assert_resumes(lambda: task(tunable, tones), tmp_path)
