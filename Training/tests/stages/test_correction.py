"""Tokens that tell what labels say."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from listening import labelled_context, named
from test_telling import DRUMS, Fixed

from nocturne_training.stages.context import Context
from nocturne_training.stages.correction import Correction
from nocturne_training.stages.labels import targets
from nocturne_training.stages.requests import STATED
from nocturne_training.trainer.errors import TrainingError
from nocturne_training.trainer.settings import DpdTunedSettings, KmeansSettings, Settings, TokenizerSettings

WIDTH = 2


def correction(tunable: Path, tones: Path, monkeypatch: pytest.MonkeyPatch, weight: float) -> Correction:
    """Eight told centres, at 0, 1, 3, 4, 6, 7, 9 and 11, of four tokens each, which differ in what is not
    told; odd ones tell drums and nothing tells anything else."""
    tokenizer = TokenizerSettings(label_weight=1.0, label_width=WIDTH)
    kmeans, dpdtuned = KmeansSettings(told_centres=8), DpdTunedSettings(steps=1, correction=1.0)
    settings = Settings(tokenizer=tokenizer, kmeans=kmeans, dpdtuned=dpdtuned)
    context = labelled_context(tunable, tones, settings)
    centres = torch.zeros(8, 4, WIDTH + 1)
    centres[:, :, 0] = torch.tensor([0.0, 1.0, 3.0, 4.0, 6.0, 7.0, 9.0, 11.0])[:, None]
    centres[:, :, -1] = torch.randn(8, 4) * 100.0
    learned = SimpleNamespace(kmeans=SimpleNamespace(centers=centres.flatten(0, 1)))
    monkeypatch.setattr(Context, "learned", lambda *_: learned)
    found = Correction(context, Fixed(), weight)
    tables = {name: torch.zeros_like(table) for name, table in found.telling.tables.items()}
    tables["drums"][:, 1] = torch.tensor([0.01, 0.99] * 4).log()
    tables["drums"][:, 0] = torch.tensor([0.99, 0.01] * 4).log()
    tables["quality"][:, :] = torch.arange(8.0)[:, None] * 1000.0
    found.telling.tables = tables
    return found


def labels(tones: Path, drums: bool) -> torch.Tensor:
    number = next(number for number in range(8) if named(number)["drums"] == drums)
    return targets([SimpleNamespace(labels=named(number))])


def test_a_token_becomes_the_nearest_that_tells_its_clip(
    tunable: Path, tones: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is not told of it stays; of the mode, which tokens do not name, nothing is asked."""
    found = correction(tunable, tones, monkeypatch, weight=1.0)
    assert list(STATED)[DRUMS] == "drums" and found.told == ["family", "drums", "tempo"]
    tokens = torch.arange(32)[None].expand(2, -1)
    wanted = torch.cat([labels(tones, drums) for drums in (True, False)])
    nearest = torch.tensor([[1, 1, 3, 3, 5, 5, 5, 7], [0, 0, 2, 2, 4, 4, 6, 6]])
    expected = nearest.repeat_interleave(4, dim=1) * 4 + torch.arange(32) % 4
    assert torch.equal(found(tokens, wanted), expected)


@pytest.mark.parametrize(("weight", "centres"), [(1e-3, range(8)), (0.65, [1, 1, 3, 3, 5, 5, 6, 7])])
def test_a_token_goes_as_far_as_the_weight_allows(
    tunable: Path, tones: Path, monkeypatch: pytest.MonkeyPatch, weight: float, centres: list[int]
) -> None:
    """What it would gain, 4.6 times the weight, is worth the square of a distance in neighbours'."""
    found = correction(tunable, tones, monkeypatch, weight)
    tokens = torch.arange(0, 32, 4)[None]
    assert (found(tokens, labels(tones, True)) // 4)[0].tolist() == list(centres)


def test_tokens_without_told_centres_are_refused(tunable: Path, tones: Path) -> None:
    with pytest.raises(TrainingError, match=r"no told centres; set kmeans\.toldCentres, or correction to 0"):
        Correction(labelled_context(tunable, tones, Settings()), Fixed(), 1.0)
