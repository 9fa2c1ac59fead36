"""Networks that hear labels in sound, and their trainer."""

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
from nocturne_training.losses.spectral import log_mel
from nocturne_training.models.sound_listener import LOWEST, SoundListener, distance, semitone_filters, tilted
from nocturne_training.stages import soundlisteners
from nocturne_training.stages.context import Context
from nocturne_training.stages.labels import CHOICES, PLACES
from nocturne_training.stages.soundlisteners import WEIGHTS, SoundListenersTask, divided, learned, varied
from nocturne_training.stages.weights import write
from nocturne_training.trainer.errors import TrainingError
from nocturne_training.trainer.randomness import Draw, generator
from nocturne_training.trainer.settings import Settings, SoundListenersSettings
from nocturne_training.trainer.update import Update

LISTENERS = SoundListenersSettings(
    steps=6, batch=2, learning_rate=2e-3, checkpoint_every=2, validate_every=0, validation_clips=3
)
COUNTS = {name: len(choices) for name, choices in CHOICES.items()}


def task(corpus: Path, **changes: object) -> SoundListenersTask:
    settings = Settings(soundlisteners=replace(LISTENERS, **changes))
    return SoundListenersTask(labelled_context(corpus.parent / "run", corpus, settings))


def draws(*indices: int, seed: int = 1) -> list[Draw]:
    return [Draw(index, generator(seed, index)) for index in indices]


def sine(midi: float, seconds: float = 1.0) -> torch.Tensor:
    hertz = 440.0 * 2.0 ** ((midi - 69.0) / 12.0)
    return 0.3 * torch.sin(2.0 * torch.pi * hertz * torch.arange(int(24_000 * seconds)) / 24_000)[None]


def test_mel_hears_the_log_mel_and_pitch_hears_semitones() -> None:
    assert torch.equal(SoundListener("mel", COUNTS).frames(sine(60)), log_mel(sine(60)))
    pitch = SoundListener("pitch", COUNTS)
    for midi in (64, 81, 100):
        frames = pitch.frames(sine(midi))[0]
        assert frames.shape == (47, 100) and int(frames[20].argmax()) == midi - LOWEST
    filters = semitone_filters()
    assert (filters.sum(dim=0) >= 0.5).all() and (filters.amax(dim=0) <= 1.0).all()


@pytest.mark.parametrize("kind", ["mel", "pitch"])
def test_loudness_is_not_heard(kind: str) -> None:
    listener = SoundListener(kind, COUNTS).eval()
    with torch.no_grad():
        frames = listener.frames(sine(70) + 0.01 * torch.randn(1, 24_000))
        soft, loud = listener(frames), listener(frames + 1.0)
    assert all(torch.allclose(soft[name], loud[name], atol=1e-4) for name in soft)


def test_a_tilt_is_even_and_leaves_the_middle() -> None:
    frames = torch.zeros(2, 3, 5)
    found = tilted(frames, torch.tensor([0.4, -1.0]))
    assert found[0, 1].tolist() == pytest.approx([-0.4, -0.2, 0.0, 0.2, 0.4])
    assert found[1, 2].tolist() == pytest.approx([1.0, 0.5, 0.0, -0.5, -1.0])


def test_the_distance_is_a_share_of_the_real_features() -> None:
    real, other = [torch.full((1, 2, 3), 2.0), torch.ones(1, 4)], [torch.ones(1, 2, 3), torch.ones(1, 4)]
    assert float(distance(real, real)) == 0.0
    assert float(distance(real, other)) == pytest.approx(0.25)


def test_one_batch_is_overfitted(tones: Path) -> None:
    trained = task(tones, warmup=5, weight_decay=0.0)
    update = Update("soundlisteners", replace(trained.settings, steps=200), trained.groups, ALONE)
    batch, losses = trained.batch(draws(0, 1, 2, 3)), []
    for module in trained.listeners.values():
        module.train()
    for step in range(40):
        update.step = step
        losses.append({k: float(v.detach()) for k, v in trained.optimise(batch, step, update).items()})
    for kind in ("mel", "pitch"):
        assert losses[0][kind] == pytest.approx(1.0, abs=0.4)
        assert losses[-1][kind] < 0.1


def test_batches_are_stretches_of_clips_that_have_labels(
    tones: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(soundlisteners, "varied", lambda frames, _: frames)
    trained = task(tones)
    assert trained.examples == 7
    lengths, moved = set(), set()
    for seed in range(12):
        batch, again = (trained.batch(draws(1, 4, seed=seed)) for _ in range(2))
        assert all(torch.equal(batch.frames[kind], again.frames[kind]) for kind in ("mel", "pitch"))
        for row, index in enumerate((2, 5)):
            whole = trained.heard("mel", trained.clips[index]).float()
            part = batch.frames["mel"][row]
            starts = [t for t in range(len(whole) - len(part) + 1) if torch.equal(whole[t], part[0])]
            assert any(torch.equal(whole[t : t + len(part)], part) for t in starts)
            told = {name: int(batch.wanted[row, place]) for name, place in PLACES.items()}
            assert told == {name: CHOICES[name].index(named(index)[name]) for name in CHOICES}
            whole = trained.heard("pitch", trained.clips[index]).float()
            part = batch.frames["pitch"][row]
            rows = whole.unfold(0, len(part), 1).transpose(1, 2)
            for semitones in range(-3, 4):
                low, high = max(0, semitones), 100 + min(0, semitones)
                if (rows[..., low - semitones : high - semitones] == part[:, low:high]).all(2).all(1).any():
                    moved.add(semitones)
        lengths.add(len(batch.frames["mel"][0]))
    assert len(lengths) > 6 and min(lengths) >= 234 and max(lengths) <= 563
    assert {s < 0 for s in moved} == {True, False}


def test_what_is_heard_is_varied_and_still_the_same_clip() -> None:
    frames = torch.randn(6, 40, 80) * 2.0 - 4.0
    found, again = (varied(frames.clone(), generator(3)) for _ in range(2))
    assert torch.equal(found, again) and found.shape == frames.shape
    hidden = [(part.std(dim=0) < 1e-6).sum().item() for part in found]
    assert max(hidden) <= 10 and sum(hidden) > 0
    # Noise fills what is quiet and leaves what is loud.
    risen = (found - frames).mean(dim=(1, 2))
    assert (risen > 0.5).any() and (risen < 0.4).any()
    loudest = frames.flatten(1).topk(20).indices
    change = (found - frames).flatten(1).gather(1, loudest).abs()
    assert float(change.median()) < 1.0


@torch.no_grad()
def test_validation_counts_what_is_heard_right(tones: Path) -> None:
    trained = task(tones)
    trained.listeners.eval()
    found = trained.validate()
    names = {*WEIGHTS, "lead_family"}
    assert found.keys() == {f"{kind}_{name}" for kind in ("mel", "pitch") for name in names}
    clips = torch.stack([torch.from_numpy(clip.audio()) for clip in trained.held_out[:3]])
    for kind in ("mel", "pitch"):
        listener = trained.listeners[kind]
        drums = listener(listener.frames(clips).half().float())["drums"].argmax(dim=1)
        right = [int(heard) == index % 2 for index, heard in enumerate(drums)]
        assert found[f"{kind}_drums"] == pytest.approx(sum(right) / 3)


def test_what_is_learned_is_found_again(tones: Path, tmp_path: Path) -> None:
    context = labelled_context(tmp_path, tones, Settings())
    with pytest.raises(TrainingError, match=r"soundlisteners/mel.safetensors: missing; run the stage sound"):
        learned(context)
    trained = task(tones)
    (tmp_path / "soundlisteners").mkdir()
    for name, module in trained.exports().items():
        write(tmp_path / "soundlisteners", name, module)
    again = learned(context)
    assert [listener.kind for listener in again] == ["mel", "pitch"]
    for listener in again:
        state = trained.listeners[listener.kind].state_dict()
        assert all(torch.equal(value, state[key]) for key, value in listener.state_dict().items())
        assert not listener.training and not any(p.requires_grad for p in listener.parameters())


def test_they_learn_from_a_share_and_the_rest_is_for_tuning(tones: Path) -> None:
    def parts(share: float) -> list[tuple[list[int], list[list[int]]]]:
        settings = Settings(soundlisteners=replace(LISTENERS, share=share))
        found = divided(labelled_context(tones.parent / "run", tones, settings))
        return [(places.tolist(), wanted.tolist()) for places, wanted in found]

    everything, _ = parts(1.0)
    assert everything == parts(1.0)[1] and everything[0] == [0, 2, 3, 4, 5, 6, 7]
    known, unknown = parts(0.6)
    assert known == (everything[0][:4], everything[1][:4])
    assert unknown == (everything[0][4:], everything[1][4:])
    half = task(tones, share=0.6)
    assert (half.labelled.tolist(), half.wanted.tolist()) == known and half.examples == 4


@pytest.mark.parametrize("share", [0.0, 0.07, 1.1, -1.0, math.nan, math.inf])
def test_a_share_of_no_clips_or_more_than_all_is_refused(tones: Path, share: float) -> None:
    message = rf"soundlisteners.share {share}: expected above 0, up to 1, of 7 clips"
    with pytest.raises(TrainingError, match=message):
        task(tones, share=share)


def test_a_corpus_without_labels_is_refused(tones: Path) -> None:
    settings = Settings(soundlisteners=LISTENERS)
    with pytest.raises(TrainingError, match="no training clip has labels, from which listeners learn"):
        SoundListenersTask(Context(tones.parent / "run", tones, load("tiny"), settings, ALONE))


def test_resumed_equals_uninterrupted_bit_for_bit(tones: Path, tmp_path: Path) -> None:
    assert_resumes(lambda: task(tones), tmp_path)
