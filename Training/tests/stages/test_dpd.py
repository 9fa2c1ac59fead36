"""The diffusion trainer: batches, the guidance switch, the loss, the probes on held-out clips."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from extraction import ALONE
from torch import Tensor

from nocturne_training.config import load
from nocturne_training.losses.diffusion import boundaries, chunk_angles, clean, noisy, velocity, weights
from nocturne_training.losses.spectral import si_sdr
from nocturne_training.stages.context import Context
from nocturne_training.stages.dpd import DpdTask
from nocturne_training.stages.probes import probe, probe_angles
from nocturne_training.stages.tensors import Extracted, Latents
from nocturne_training.trainer.errors import TrainingError
from nocturne_training.trainer.randomness import Draw, generator
from nocturne_training.trainer.settings import DpdSettings, Settings
from nocturne_training.trainer.update import Update

DPD = DpdSettings(steps=6, batch=2, crop_frames=80, learning_rate=2e-3, validation_clips=2)
TINY = load("tiny")
DROPPING = replace(TINY, dpd=replace(TINY.dpd, drop_pooled=True))


def task(run: Path, config=TINY, **changes: object) -> DpdTask:
    return DpdTask(Context(run, run, config, Settings(dpd=replace(DPD, **changes)), ALONE))


def draws(*indices: int, seed: int = 1) -> list[Draw]:
    return [Draw(index, generator(seed, index)) for index in indices]


def test_one_batch_is_overfitted(extracted: Path) -> None:
    """Fixed angles, noise and tokens."""
    trained = task(extracted, steps=150, decay="cosine", warmup=10, crop_frames=40, cfg_drop=0.0)
    update = Update("dpd", trained.settings, trained.groups, ALONE)
    batch, losses = trained.batch(draws(0, 1)), []
    before = [parameter.detach().clone() for parameter in trained.dpd.parameters()]
    for step in range(150):
        update.step = step
        losses.append(float(trained.optimise(batch, step, update)["loss"].detach()))
    assert losses[0] > 0.5
    assert losses[-1] < 0.02
    assert not any(torch.equal(a, b) for a, b in zip(before, trained.dpd.parameters(), strict=True))


@pytest.mark.parametrize("min_snr", [0.0, 5.0])
def test_the_loss_is_the_error_of_the_velocity_of_what_was_mixed(extracted: Path, min_snr: float) -> None:
    trained = task(extracted, min_snr=min_snr, cfg_drop=0.5)
    batch = trained.batch(draws(0, 1, seed=3))
    latents, noise, angles = batch.latents, batch.noise, batch.angles
    known, seen = torch.randn(latents.shape), []

    def predict(*given: Tensor) -> Tensor:
        seen.append(given)
        return known

    trained.predict = predict  # type: ignore[method-assign]
    loss, error, restored = trained.objective(latents, noise, angles, batch.tokens, batch.dropped)
    ((z, at, tokens, dropped),) = seen
    cosine, sine = angles.cos()[..., None], angles.sin()[..., None]
    assert torch.allclose(z, cosine * latents + sine * noise, atol=1e-6)
    assert torch.equal(at, angles) and torch.equal(tokens, batch.tokens) and dropped is batch.dropped
    errors = (known - (cosine * noise - sine * latents)).square().mean(dim=-1)
    snr = (angles.cos() / angles.sin()).square()
    share = torch.minimum(snr, torch.full_like(snr, min_snr)) / (snr + 1) if min_snr else torch.ones_like(snr)
    assert float(loss) == pytest.approx(float((share * errors).mean()), rel=1e-4)
    assert float(error) == pytest.approx(float(errors.mean()), rel=1e-5)
    away = cosine * z - sine * known - latents
    assert float(restored) == pytest.approx(float(away.square().mean()), rel=1e-4)


def test_batches_are_crops_aligned_to_the_tokens_with_an_angle_a_chunk(extracted: Path) -> None:
    trained, starts, found = task(extracted), set(), []
    for seed in range(40):
        batch = trained.batch(draws(2, 5, seed=seed))
        again = trained.batch(draws(2, 5, seed=seed))
        assert all(torch.equal(getattr(batch, key), getattr(again, key)) for key in vars(batch))
        for row, index in enumerate((2, 5)):
            whole = trained.latents.frames(index).float()
            start = next(
                t for t in range(243) if torch.equal(whole[10 * t : 10 * t + 80], batch.latents[row])
            )
            assert torch.equal(trained.clips.tokens(index, start, 8), batch.tokens[row])
            starts.add(start)
            chunks = batch.angles[row].view(4, 20)
            assert (chunks == chunks[:, :1]).all() and len(chunks[:, 0].unique()) == 4
            found.append(chunks[:, 0])
    angles = torch.stack(found)
    assert len(starts) > 40 and max(starts) > 200
    assert angles.min() < 0.05 and angles.max() > math.pi / 2 - 0.05 and angles.max() <= math.pi / 2
    assert float(angles.mean()) == pytest.approx(math.pi / 4, abs=0.1)
    assert batch.noise.std() == pytest.approx(1.0, abs=0.1)
    assert batch.angles.dtype == batch.noise.dtype == batch.latents.dtype == torch.float32


def test_chunks_are_quarters_of_whatever_length() -> None:
    assert boundaries(2500, 4) == [0, 625, 1250, 1875, 2500]
    assert boundaries(10, 4) == [0, 2, 5, 7, 10]
    assert chunk_angles(torch.tensor([[1.0, 2.0, 3.0, 4.0]]), 6).tolist() == [[1, 2, 2, 3, 4, 4]]
    assert boundaries(7, 1) == [0, 7]


def test_the_parts_of_the_angle_form_fit_together() -> None:
    z, noise, angles = torch.randn(2, 5, 3), torch.randn(2, 5, 3), torch.rand(2, 5) * 1.5
    given, speed = noisy(z, noise, angles), velocity(z, noise, angles)
    assert torch.allclose(clean(given, speed, angles), z, atol=1e-6)
    nearby = noisy(z.double(), noise.double(), angles.double() + 1e-6)
    slope = (nearby - noisy(z.double(), noise.double(), angles.double())) / 1e-6
    assert torch.allclose(slope.float(), speed, atol=1e-4)
    ratio = 1 / angles.tan().square()
    assert torch.allclose(weights(angles, 5.0), ratio.clamp(max=5.0) / (ratio + 1), atol=1e-6)
    assert torch.equal(weights(angles, 0.0), torch.ones_like(angles))


@torch.no_grad()
def test_the_switch_of_each_example_holds_for_it_alone(extracted: Path) -> None:
    for config in (TINY, DROPPING):
        trained = task(extracted, config)
        batch = trained.batch(draws(0, 1, 2))
        dropped = torch.tensor([False, True, False])
        together = trained.predict(batch.latents, batch.angles, batch.tokens, dropped)
        for row in range(3):
            part = slice(row, row + 1)
            condition = trained.dpd.condition(batch.tokens[part])
            z, angles, switch = batch.latents[part], batch.angles[part], not bool(dropped[row])
            alone = trained.dpd(z, angles, condition, conditional=switch)
            other = trained.dpd(z, angles, condition, conditional=not switch)
            assert torch.allclose(together[part], alone, atol=1e-5)
            assert not torch.allclose(together[part], other, atol=1e-3)


def test_the_condition_is_dropped_as_often_as_asked(extracted: Path) -> None:
    for share in (0.0, 0.1, 1.0):
        trained = task(extracted, cfg_drop=share)
        count = sum(int(trained.batch(draws(0, seed=seed)).dropped) for seed in range(400))
        assert count == pytest.approx(400 * share, abs=20 if 0 < share < 1 else 0)


def test_every_weight_has_a_gradient_whatever_is_dropped(extracted: Path) -> None:
    """Processes average their gradients, so all of them need the same ones."""
    for config in (TINY, DROPPING):
        for share in (0.0, 1.0):
            trained = task(extracted, config, cfg_drop=share)
            batch = trained.batch(draws(0, 1))
            trained.predict(batch.latents, batch.angles, batch.tokens, batch.dropped).sum().backward()
            assert not [name for name, p in trained.dpd.named_parameters() if p.grad is None]


def test_mixed_precision_stays_near(extracted: Path) -> None:
    losses = []
    for precision in ("f32", "bf16"):
        trained = task(extracted, precision=precision)
        update = Update("dpd", trained.settings, trained.groups, ALONE)
        metrics = [trained.optimise(trained.batch(draws(0, 1)), step, update) for step in range(2)]
        assert all(metric["loss"].dtype == torch.float32 for metric in metrics)
        losses.append([float(metric["loss"].detach()) for metric in metrics])
    assert losses[0] != losses[1]
    assert losses[0] == pytest.approx(losses[1], rel=0.03)


def test_crops_that_do_not_fit_are_refused(extracted: Path) -> None:
    for frames in (85, 2510, -10):
        with pytest.raises(TrainingError, match=f"dpd.cropFrames {frames}: expected a multiple of 10"):
            task(extracted, crop_frames=frames)
    assert task(extracted, crop_frames=0).frames == 2500
    # 10 frames and 25 tokens a second meet every 2 frames.
    coarse = replace(TINY, hop=2400, latent_rate=10)
    with pytest.raises(TrainingError, match=r"dpd.cropFrames 25: expected a multiple of 2"):
        task(extracted, coarse, crop_frames=25)
    batch = task(extracted, coarse, crop_frames=24).batch(draws(0, 1))
    assert batch.latents.shape[1] == 24 and batch.tokens.shape[1] == 60


@torch.no_grad()
def test_probes_tell_angles_conditions_and_gain_apart(extracted: Path) -> None:
    """A stand-in predicts the true velocity with a known error, larger by 1 without the condition and by
    2 for tokens of another clip."""
    clips, latents = Extracted(extracted / "extract", "valid"), Latents(extracted / "latents", "valid")
    angles, error = probe_angles(4, 4), torch.linspace(0.1, 0.9, 2500)[:, None] * torch.randn(2500, 16)
    z = [latents.frames(index).float() for index in range(4)]
    noise = [torch.randn(2500, 16, generator=generator("probe", "noise", index)) for index in range(4)]
    at = chunk_angles(angles, 2500)
    given = [noisy(*parts) for parts in zip(z, noise, at, strict=True)]

    def predict(asked: Tensor, angles: Tensor, tokens: Tensor, dropped: Tensor) -> Tensor:
        rows = []
        for row in range(len(asked)):
            clip = next(index for index in range(4) if torch.allclose(asked[row], given[index], atol=1e-6))
            assert torch.equal(angles[row], at[clip])
            wrong = not torch.equal(tokens[row], clips.tokens(clip))
            more = 1.0 * bool(dropped[row]) + 2.0 * wrong
            rows.append(velocity(z[clip], noise[clip], at[clip]) + (error.square() + more).sqrt())
        return torch.stack(rows)

    found = probe(predict, clips, latents, 4, 3, TINY, torch.device("cpu"))
    assert torch.equal(angles, probe_angles(4, 4)) and angles.min() > 0 and angles.max() < math.pi / 2
    expected, gains = torch.zeros(4, 4), torch.zeros(4, 4)
    for clip in range(4):
        for chunk in range(4):
            part, d = slice(625 * chunk, 625 * chunk + 625), angles[clip, chunk]
            expected[clip, chunk] = error[part].square().mean()
            restored = z[clip][part] - d.sin() * error[part].abs()
            ratios = [
                si_sdr(z[clip][part].reshape(1, -1), x.reshape(1, -1)) for x in (restored, given[clip][part])
            ]
            gains[clip, chunk] = ratios[0] - ratios[1]
    assert found["velocity"] == pytest.approx(float(expected.mean()), rel=1e-4)
    assert found["unconditional"] == pytest.approx(found["velocity"] + 1.0, rel=1e-4)
    assert found["shuffled"] == pytest.approx(found["velocity"] + 2.0, rel=1e-4)
    assert found["si_snr_improvement"] == pytest.approx(float(gains.mean()), rel=1e-3)
    bins = (angles / (math.pi / 16)).long()
    assert sorted(bins.flatten().tolist()) == sorted(list(range(8)) * 2)
    for number in range(8):
        mean = float(expected[bins == number].mean())
        assert found[f"velocity_{number + 1}"] == pytest.approx(mean, rel=1e-4)


@torch.no_grad()
def test_validation_of_an_untrained_network_on_whole_clips(extracted: Path) -> None:
    trained = task(extracted, validation_clips=2)
    trained.dpd.eval()
    found = trained.validate()
    assert found == trained.validate()
    assert set(found) == {"velocity", "unconditional", "shuffled", "si_snr_improvement"} | {
        f"velocity_{number}" for number in range(1, 9)
    }
    assert all(math.isfinite(value) for value in found.values())
    assert len({found["velocity"], found["unconditional"], found["shuffled"]}) == 3


def test_without_held_out_clips_there_is_nothing_to_validate(extracted: Path) -> None:
    assert task(extracted, validation_clips=0).validate() == {}
