"""What the tokenizer is told of a made corpus."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from resumption import ALONE

from nocturne_training.config import load
from nocturne_training.corpus.vocabulary import FAMILIES
from nocturne_training.stages.context import Context
from nocturne_training.stages.labels import CHOICES, STRETCH, LabelHead, targets
from nocturne_training.stages.tokenizer import TokenizerTask
from nocturne_training.trainer.errors import TrainingError
from nocturne_training.trainer.randomness import Draw, generator
from nocturne_training.trainer.settings import Settings, TokenizerSettings
from nocturne_training.trainer.update import Update


def clip(**changes: Any) -> Any:
    labels = {name: choices[0] for name, choices in CHOICES.items()} | {"families": ["piano", "bass"]}
    return SimpleNamespace(path="clip.flac", labels=labels | changes)


def test_targets_are_places_among_the_choices_and_the_families_that_play() -> None:
    row = targets([clip(tempo="fast", drums=True)])[0]
    places = dict(zip(CHOICES, row.tolist(), strict=False))
    assert places == {"lead": 0, "lead_family": 0, "style": 0, "tempo": 2, "quality": 0, "drums": 1}
    playing = {family for family, on in zip(FAMILIES, row[len(CHOICES) :], strict=True) if on}
    assert playing == {"piano", "bass"}
    for labels in (None, {"tempo": "slow"}):
        with pytest.raises(TrainingError, match=r"clip.flac: lacks labels .* set tokenizer.labelWeight to 0"):
            targets([SimpleNamespace(path="clip.flac", labels=labels)])


def test_a_head_that_knows_nothing_errs_as_chance_does() -> None:
    head = LabelHead(8)
    torch.nn.init.zeros_(head.map.weight)
    torch.nn.init.zeros_(head.map.bias)
    error, right = head(torch.randn(2, 60, 16), targets([clip(), clip(drums=True)]))
    assert float(error.detach()) == pytest.approx(1.0, abs=1e-5)
    assert right.keys() == {f"right_{name}" for name in CHOICES} and float(right["right_drums"]) == 0.5


def test_it_reads_the_means_of_stretches_of_the_first_features_alone() -> None:
    head = LabelHead(4)
    states = torch.randn(1, 3 * STRETCH + 7, 16).requires_grad_()
    logits = head.logits(states)
    assert all(part.shape[:2] == (1, 3) for part in logits)
    told = torch.nn.functional.layer_norm(states, (16,))[:, STRETCH : 2 * STRETCH, :4].mean(dim=1)
    assert torch.allclose(torch.cat(logits, dim=-1)[:, 1], head.map(told), atol=1e-6)
    assert head.logits(states[:, :10])[0].shape[1] == 1


def labelled(tones: Path, **changes: object) -> TokenizerTask:
    settings = TokenizerSettings(batch=2, crop_seconds=2.0, learning_rate=4e-3, label_weight=3, **changes)
    context = Context(tones.parent / "run", tones, load("tiny"), Settings(tokenizer=settings), ALONE)
    told = [clip(tempo="slow"), clip(tempo="fast", drums=True, lead_family="bass")]
    clips = [replace(c, labels=told[i % 2].labels) for i, c in enumerate(context.corpus.split("train"))]
    vars(context)["corpus"] = SimpleNamespace(split=lambda name: clips if name == "train" else clips[:2])
    return TokenizerTask(context)


def test_a_corpus_without_labels_is_learned_from_without(tones: Path) -> None:
    settings = Settings(tokenizer=TokenizerSettings(crop_seconds=2.0, label_weight=3))
    context = Context(tones.parent / "run", tones, load("tiny"), settings, ALONE)
    assert not context.told and TokenizerTask(context).labels is None
    assert labelled(tones).labels is not None


def test_the_tokenizer_learns_what_it_is_told_in_the_layer_that_is_tapped(tones: Path) -> None:
    task = labelled(tones, label_width=8)
    update = Update("tokenizer", task.settings, task.groups, ALONE)
    batch = task.batch([Draw(0, generator(1)), Draw(1, generator(2))])
    last = task.tokenizer.encoder.layers[-1].ffn1.intermediate_dense.weight
    losses = []
    for step in range(120):
        update.step = step
        losses.append(task.optimise(batch, step, update))
    assert float(losses[0]["labels"].detach()) > 0.7 and float(losses[-1]["labels"].detach()) < 0.1
    assert all(float(losses[-1][f"right_{name}"]) == 1.0 for name in CHOICES)
    assert "labels" in task.modules and task.exports().keys() == {"tokenizer"}
    # The labels are read below the last block, which hears of the contrast alone.
    tapped = task.contrast(batch, 1.0, None, torch.enable_grad())[1]
    gradient = torch.autograd.grad(task.labels(tapped, batch.labels)[0], last, allow_unused=True)[0]
    assert gradient is None
    for module in task.modules.values():
        module.eval()
    with torch.no_grad():
        assert {f"right_{name}" for name in CHOICES} <= task.validate().keys()


def test_clips_without_such_labels_are_refused_and_not_asked_for_by_default(tones: Path) -> None:
    plain = TokenizerTask(Context(tones.parent / "run", tones, load("tiny"), Settings(), ALONE))
    assert plain.labels is None and "labels" not in plain.modules
    task = labelled(tones)
    task.clips = [replace(c, labels=None) for c in task.clips]
    with pytest.raises(TrainingError, match="lacks labels that other clips have"):
        task.batch([Draw(0, generator(1))])
