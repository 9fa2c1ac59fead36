"""The wav2vec2-Conformer trainer (2.2)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from resumption import ALONE, assert_resumes

from nocturne_training.checkpoint import stored, write_tensors
from nocturne_training.config import load
from nocturne_training.models.modules import build
from nocturne_training.models.pretraining import Contrast
from nocturne_training.stages.context import Context
from nocturne_training.stages.tokenizer import TokenizerTask
from nocturne_training.stages.weights import fill
from nocturne_training.trainer.errors import TrainingError
from nocturne_training.trainer.randomness import Draw, Order, generator
from nocturne_training.trainer.settings import Settings, TokenizerSettings
from nocturne_training.trainer.update import Update

TOKENIZER = TokenizerSettings(steps=6, batch=2, crop_seconds=2.0, learning_rate=2e-3, checkpoint_every=2)


def task(tones: Path, **changes: object) -> TokenizerTask:
    settings = Settings(tokenizer=replace(TOKENIZER, **changes))
    return TokenizerTask(Context(tones.parent / "run", tones, load("tiny"), settings, ALONE))


def test_one_batch_is_overfitted(tones: Path) -> None:
    trained = task(tones, steps=300, learning_rate=4e-3, warmup=10, gumbel_decay=0.98)
    update = Update("tokenizer", trained.settings, trained.groups, ALONE)
    batch = trained.batch([Draw(0, generator(1)), Draw(3, generator(2))])
    losses = []
    for step in range(300):
        update.step = step
        losses.append(trained.optimise(batch, step, update))
    # 101 candidates by chance: log 101 = 4.6.
    assert float(losses[0]["contrastive"].detach()) > 2.5
    assert float(losses[-1]["contrastive"].detach()) < 0.1
    assert float(losses[-1]["accuracy"]) > 0.97
    # Of 16; 2 would be a collapse, which has a loss of zero as well.
    assert float(losses[-1]["perplexity"].detach()) > 8


def test_killed_and_resumed_equals_undisturbed(tones: Path, tmp_path: Path) -> None:
    assert_resumes(lambda: task(tones), tmp_path)


def test_two_processes_draw_what_one_draws(tones: Path) -> None:
    trained, order = task(tones), Order(1, "tokenizer", 8)
    together = trained.batch(order.draws(3, 4))
    halves = [trained.batch(order.draws(3, 2, rank, 2)) for rank in range(2)]
    for name in ("audio", "mask", "distractors", "noise"):
        parts = [getattr(half, name) for half in halves]
        assert torch.equal(torch.cat(parts), getattr(together, name))
        assert not torch.equal(parts[0], parts[1])


def test_the_context_does_not_see_masked_frames(tones: Path) -> None:
    trained = task(tones)
    batch = trained.batch([Draw(0, generator(1))])
    found: dict[str, torch.Tensor] = {}
    features = trained.tokenizer.extract(batch.audio).detach().requires_grad_()

    class Recorder(torch.nn.Module):
        def forward(self, states: torch.Tensor, seen: torch.Tensor, *_: object, **__: object) -> Contrast:
            found.update(states=states, seen=seen)
            return Contrast(*[states.sum()] * 5)

    trained.tokenizer.extract = lambda _: features
    trained.heads = Recorder()
    trained.contrast(batch, 1.0, None, torch.enable_grad())
    (gradient,) = torch.autograd.grad(found["states"].square().sum(), features)
    touched = gradient.abs().sum(-1) > 0
    assert torch.equal(touched, ~batch.mask)
    assert torch.allclose(found["seen"].mean(-1), torch.zeros(1), atol=1e-5)


def test_validation_is_the_same_every_time_and_sees_a_collapse(tones: Path) -> None:
    trained = task(tones)
    for module in trained.modules.values():
        module.eval()
    with torch.no_grad():
        figures = trained.validate()
        assert figures == trained.validate()
        assert figures["contrastive"] > 1 and 2 < figures["perplexity"] <= 16
        torch.nn.init.zeros_(trained.heads.quantizer.weight_proj.weight)
        collapsed = trained.validate()
    assert collapsed["accuracy"] == collapsed["contested"] == collapsed["contrastive"] == 0
    assert round(collapsed["perplexity"]) == 2


def test_a_crop_that_is_no_number_of_frames_is_refused(tones: Path) -> None:
    with pytest.raises(TrainingError, match=r"cropSeconds is 0.05; use a multiple of 0.04 s"):
        task(tones, crop_seconds=0.05)
    with pytest.raises(TrainingError, match="maskSpan is 1"):
        task(tones, mask_span=1)


def test_temperature_falls_to_its_floor(tones: Path) -> None:
    trained = task(tones, gumbel_decay=0.5)
    assert [trained.temperature(step) for step in range(4)] == [2.0, 1.0, 0.5, 0.5]


def test_a_checkpoint_starts_it_though_it_holds_no_counters(tones: Path, tmp_path: Path) -> None:
    other = build("tokenizer", load("tiny"))
    path = tmp_path / "tokenizer.safetensors"
    write_tensors(path, stored("tokenizer", other, load("tiny")))
    trained = task(tones)
    fill(trained.tokenizer, path)
    given = other.state_dict()
    for key, value in trained.tokenizer.state_dict().items():
        assert "num_batches_tracked" in key or torch.equal(value, given[key]), key


def test_the_extractor_learns_as_much_slower_as_the_settings_say(tones: Path) -> None:
    found = {}
    for rate in (1.0, 0.25):
        trained = task(tones, extractor_rate=rate)
        batch = trained.batch([Draw(0, generator(1))])
        parts, _ = trained.contrast(batch, 1.0, batch.noise, torch.enable_grad())
        parts.loss.backward()
        gradients = {name: p.grad for name, p in trained.tokenizer.named_parameters() if p.grad is not None}
        found[rate] = gradients
    scales = {
        name: float(g.norm() / found[1.0][name].norm().clamp(min=1e-12)) for name, g in found[0.25].items()
    }
    extractor = [scale for name, scale in scales.items() if name.startswith("feature_extractor")]
    others = [scale for name, scale in scales.items() if name.startswith("encoder")]
    assert extractor and max(extractor) == pytest.approx(0.25, rel=1e-3)
    assert others and min(others) == pytest.approx(1.0, rel=1e-3)
