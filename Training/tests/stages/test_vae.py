from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import pytest
import torch
from safetensors.torch import load_file
from tones import make_tones
from torch import Tensor

from nocturne_training.config import load
from nocturne_training.losses import adversarial
from nocturne_training.losses.spectral import log_mel_error, multi_resolution
from nocturne_training.models.vae import VaeDecoder
from nocturne_training.stages import encoder
from nocturne_training.stages.context import Context
from nocturne_training.stages.vae import VaeTask
from nocturne_training.stages.weights import fill, plain_state, write
from nocturne_training.trainer.distributed import Processes
from nocturne_training.trainer.loop import Loop
from nocturne_training.trainer.randomness import Draw, generator
from nocturne_training.trainer.settings import Settings, VaeSettings
from nocturne_training.trainer.update import Update

ALONE = Processes(0, 1, torch.device("cpu"))
VAE = VaeSettings(
    steps=4, batch=2, crop_frames=96, discriminator_width=2, learning_rate=1e-3, validation_clips=1
)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tones(tmp_path_factory.mktemp("tones") / "corpus", train=4)


def task(corpus: Path, **changes: object) -> VaeTask:
    settings = Settings(vae=replace(VAE, **changes))
    return VaeTask(Context(corpus.parent / "run", corpus, load("tiny"), settings, ALONE))


def test_one_batch_is_overfitted(corpus: Path) -> None:
    trained = task(corpus, steps=150, adversary_after=10_000, learning_rate=4e-3, warmup=10, crop_frames=48)
    update = Update("vae", trained.settings, trained.groups, ALONE)
    batch = trained.batch([Draw(0, generator(1))])
    losses = []
    for step in range(150):
        update.step = step
        losses.append(float(trained.optimise(batch, step, update)["spectral"].detach()))
    # The sum over the resolutions of the mean error of magnitudes: 0.43 at the start, 0.15 after these steps.
    assert losses[0] > 0.35
    assert min(losses[-5:]) < 0.2


def test_the_loss_is_what_its_weights_say_and_the_judges_know_real_from_made(
    corpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ("spectral", "kl", "log_mel", "waveform", "feature", "adversarial")
    shares = dict(zip(names, (3.0, 5.0, 7.0, 1100.0, 13.0, 17.0), strict=True))
    weights = {f"{name.removeprefix('log_')}_weight": share for name, share in shares.items()}
    trained, update = task(corpus, **weights), MagicMock()
    judged: list[tuple[Tensor, Tensor]] = []
    against_calls: list[tuple[Any, Any]] = []
    discriminator = adversarial.discriminator
    monkeypatch.setattr(
        adversarial,
        "discriminator",
        lambda *scores: (against_calls.append(scores), discriminator(*scores))[1],
    )
    judge_both = trained.judge_both
    trained.judge_both = lambda *sounds: (judged.append(sounds), judge_both(*sounds))[1]  # type: ignore
    audio, noise = trained.batch([Draw(0, generator(1)), Draw(1, generator(2))])
    metrics = trained.optimise((audio, noise), 0, update)
    found = {name: float(torch.as_tensor(value).detach()) for name, value in metrics.items()}
    ((real, made),) = judged
    assert torch.equal(real, audio) and not made.requires_grad
    mean, log_variance = trained.encoder(audio)
    real_scores, made_scores = trained.judge(real), trained.judge(made)
    parts = {
        "spectral": multi_resolution(audio, made),
        "kl": adversarial.kl(mean, log_variance),
        "log_mel": log_mel_error(audio, made),
        "waveform": (audio - made).abs().mean(),
        "feature": adversarial.features(real_scores, made_scores),
        "adversarial": adversarial.generator(made_scores),
    }
    for name, value in parts.items():
        assert found[name] == pytest.approx(float(value.detach()), rel=1e-3), name
    handed = {call.args[0]: float(call.args[1].detach()) for call in update.call_args_list}
    against = discriminator(real_scores, made_scores)
    # Judges that have learned nothing make nearly the same loss of both ways round, but not the same scores.
    (told,) = against_calls
    for given, wanted, other in ((told[0], real_scores, made_scores), (told[1], made_scores, real_scores)):
        assert torch.allclose(given[0][0], wanted[0][0], atol=1e-5)
        assert not torch.allclose(given[0][0], other[0][0], atol=1e-5)
    assert handed["discriminator"] == pytest.approx(float(against.detach()), rel=1e-3)
    total = sum(shares[name] * float(value.detach()) for name, value in parts.items())
    assert handed["generator"] == pytest.approx(total, rel=1e-3) == found["loss"]


def test_an_encoder_that_is_kept_does_not_move(corpus: Path) -> None:
    trained = task(corpus, encoder_kept=True)
    before = plain_state(trained.encoder), plain_state(trained.decoder)
    update = Update("vae", trained.settings, trained.groups, ALONE)
    trained.optimise(trained.batch([Draw(0, generator(1))]), 1, update)
    after = plain_state(trained.encoder), plain_state(trained.decoder)
    assert all(torch.equal(value, after[0][key]) for key, value in before[0].items())
    assert not torch.equal(before[1]["conv_pre.weight"], after[1]["conv_pre.weight"])


def test_a_kept_encoder_is_that_of_the_checkpoint_to_start_from(corpus: Path, tmp_path: Path) -> None:
    settings = Settings(vae=replace(VAE, encoder_kept=True))
    context = Context(tmp_path, corpus, load("tiny"), settings, ALONE, start=tmp_path / "start")
    given = VaeTask(context).encoder
    with torch.no_grad():
        given.conv_post.bias += 1.0
    for name in ("start", "encoder"):
        (tmp_path / name).mkdir()
    write(tmp_path / "start", "vae_encoder", given)
    encoder.start(context)
    left = load_file(tmp_path / "encoder" / "vae_encoder.safetensors")
    assert torch.equal(left["conv_post.bias"], given.conv_post.bias)


def test_the_adversary_joins_when_asked_and_learns(corpus: Path) -> None:
    trained = task(corpus, adversary_after=1, learning_rate=4e-3, discriminator_width=4)
    update = Update("vae", trained.settings, trained.groups, ALONE)
    batch = trained.batch([Draw(0, generator(1)), Draw(1, generator(2))])
    assert "discriminator" not in trained.optimise(batch, 0, update)
    before = [p.detach().clone() for p in trained.judges.parameters()]
    losses = []
    for step in range(1, 9):
        losses.append(float(trained.optimise(batch, step, update)["discriminator"].detach()))
    assert losses[-1] < 0.7 * losses[0]
    assert any(not torch.equal(a, b) for a, b in zip(before, trained.judges.parameters(), strict=True))
    assert all(p.requires_grad for p in trained.judges.parameters())


def test_real_and_generated_are_judged_together_as_alone(corpus: Path) -> None:
    trained = task(corpus, discriminator_width=4)
    real, generated = 0.1 * torch.randn(2, 4800), 0.1 * torch.randn(2, 4800)
    with torch.no_grad():
        both, alone = trained.judge_both(real, generated), (trained.judge(real), trained.judge(generated))
    for together, single in zip(both, alone, strict=True):
        for (score, features), (expected, maps) in zip(together, single, strict=True):
            torch.testing.assert_close(score, expected)
            torch.testing.assert_close(features, maps)


def test_the_generator_step_leaves_the_discriminators_alone(corpus: Path) -> None:
    trained = task(corpus)
    update = Update("vae", trained.settings, trained.groups, ALONE)
    seen = []

    def watch(group: str, loss: torch.Tensor) -> None:
        before = [p.detach().clone() for p in trained.judges.parameters()]
        Update.__call__(update, group, loss)
        same = all(torch.equal(a, b) for a, b in zip(before, trained.judges.parameters(), strict=True))
        seen.append((group, same))

    batch = trained.batch([Draw(0, generator(1))])
    watch.autocast = update.autocast  # type: ignore[attr-defined]
    trained.optimise(batch, 0, watch)  # type: ignore[arg-type]
    assert seen == [("discriminator", False), ("generator", True)]


def test_resumed_equals_uninterrupted_bit_for_bit(corpus: Path, tmp_path: Path) -> None:
    def loop(directory: Path, steps: int) -> Loop:
        trained = task(corpus, steps=steps, adversary_after=1, decay="constant", validate_every=0)
        return Loop(trained, trained.settings, ALONE, directory, "vae", shown=False)

    whole, part = loop(tmp_path / "whole", 4), loop(tmp_path / "part", 2)
    whole.run()
    part.run()
    resumed = loop(tmp_path / "part", 4)
    assert resumed.step == 2
    resumed.run()
    for name, module in whole.task.modules.items():
        other = resumed.task.modules[name].state_dict()
        assert all(torch.equal(value, other[key]) for key, value in module.state_dict().items())


def test_folded_weights_decode_like_the_trained_ones(corpus: Path) -> None:
    trained = task(corpus)
    plain = VaeDecoder(load("tiny"))
    plain.load_state_dict(plain_state(trained.decoder))
    z = torch.rand(1, 10, 16) * 2 - 1
    assert torch.allclose(plain(z), trained.decoder(z), atol=1e-6)


def test_a_trained_module_is_filled_from_plain_tensors(corpus: Path, tmp_path: Path) -> None:
    trained = task(corpus)
    given = VaeDecoder(load("tiny"))
    fill(trained.decoder, write(tmp_path, "vae_decoder", given))
    z = torch.rand(1, 10, 16) * 2 - 1
    assert torch.allclose(given(z), trained.decoder(z), atol=1e-6)


def test_mixed_precision_stays_near(corpus: Path) -> None:
    losses = []
    for precision in ("f32", "bf16"):
        trained = task(corpus, precision=precision)
        update = Update("vae", trained.settings, trained.groups, ALONE)
        metrics = trained.optimise(trained.batch([Draw(0, generator(1))]), 0, update)
        losses.append(float(torch.as_tensor(metrics["loss"]).detach()))
    assert abs(losses[0] - losses[1]) < 0.02 * losses[0]


def test_validation_reports_whole_clips(corpus: Path) -> None:
    figures = task(corpus).validate()
    assert figures.keys() == {"log_mel", "si_sdr", "clipped"}
    assert figures["log_mel"] > 0


def test_without_held_out_clips_there_is_nothing_to_validate(corpus: Path) -> None:
    assert task(corpus, validation_clips=0).validate() == {}
