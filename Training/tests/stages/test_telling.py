"""What tokens tell of labels."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch
from listening import labelled_context, named

from nocturne_training.stages.labels import CHOICES
from nocturne_training.stages.requests import LEFT_OPEN, STATED
from nocturne_training.stages.telling import EXPONENTS, PRIOR, Telling
from nocturne_training.stages.tensors import Extracted
from nocturne_training.trainer.settings import KmeansSettings, Settings, TokenizerSettings

OPEN = [LEFT_OPEN] * len(STATED)
DRUMS = list(STATED).index("drums")


class Fixed(Extracted):
    """Clips of odd labels, which have drums, hold tokens 4 to 7 alone, the others 0 to 3."""

    def __init__(self) -> None:
        pass

    def tokens(self, index: int) -> torch.Tensor:
        return torch.arange(250) % 4 + 4 * (index % 2)


def telling(tunable: Path, tones: Path, told: int = 8, style: float = 0.0) -> Telling:
    settings = Settings(
        tokenizer=TokenizerSettings(label_weight=1.0), kmeans=KmeansSettings(told_centres=told)
    )
    return Telling(labelled_context(tunable, tones, settings), Fixed(), style)


def test_tables_are_the_shares_of_the_labels_in_clips_that_hold_a_centre(tunable: Path, tones: Path) -> None:
    """Seven of eight clips have labels, four of them no drums; eight centres of four tokens."""
    found = telling(tunable, tones)
    assert found.rest == 4 and found.tables.keys() == STATED.keys()
    for name, table in found.tables.items():
        assert table.shape == (8, len(CHOICES[STATED[name]]))
        assert torch.allclose(table.exp().sum(dim=1), torch.ones(8))
    drums = [named(number)["drums"] for number in (0, 2, 3, 4, 5, 6, 7)]
    share = (250 * sum(drums) + 1) / (250 * 7 + 2)
    expected = [PRIOR * share / (1000 + PRIOR), (750 + PRIOR * share) / (750 + PRIOR), share]
    for centre, wanted in zip((0, 1, 2), expected, strict=True):
        assert float(found.tables["drums"][centre, 1].exp()) == pytest.approx(wanted, abs=1e-5)


def test_what_no_clip_has_is_unlikely_and_not_impossible(tunable: Path, tones: Path) -> None:
    table = telling(tunable, tones).tables["quality"]
    assert torch.isfinite(table).all() and float(table[:, 1].max()) < math.log(0.01)


def test_without_told_centres_every_token_is_one(tunable: Path, tones: Path) -> None:
    found = telling(tunable, tones, told=0)
    assert found.rest == 1 and found.tables["drums"].shape == (32, 2)


def test_a_bonus_prefers_tokens_that_tell_what_is_stated(tunable: Path, tones: Path) -> None:
    found = telling(tunable, tones)
    stated = torch.tensor([OPEN, OPEN])
    stated[1, DRUMS] = 1
    bonus = found.bonus(stated)
    assert bonus.shape == (2, 32) and not bonus[0].any()
    expected = EXPONENTS["drums"] * found.tables["drums"][:, 1].repeat_interleave(4)
    assert torch.allclose(bonus[1], expected) and float(bonus[1, 4:8].min()) > float(bonus[1, :4].max())


def test_what_is_likely_is_told_by_the_tokens_that_are(tunable: Path, tones: Path) -> None:
    found = telling(tunable, tones)
    stated = torch.tensor([OPEN, OPEN, OPEN])
    stated[1:, DRUMS] = 1
    chances = torch.zeros(3, 1, 32)
    chances[:, 0, 0] = 1.0
    chances[2, 0, 0], chances[2, 0, 5] = 0.25, 0.75
    without, with_ = (float(found.tables["drums"][centre, 1].exp()) for centre in (0, 1))
    expected = 0.5 * (without + 0.25 * without + 0.75 * with_)
    assert float(found.likely(chances, stated)) == pytest.approx(expected, rel=1e-5)
    assert float(found.likely(chances, torch.tensor([OPEN] * 3))) == 0.0


def test_the_style_counts_by_its_weight(tunable: Path, tones: Path) -> None:
    chances = torch.rand(2, 3, 32, generator=torch.Generator().manual_seed(1)).softmax(dim=-1)
    stated = torch.tensor([OPEN, OPEN])
    stated[0, list(STATED).index("style")] = 2
    none, third, whole = (telling(tunable, tones, style=style) for style in (0.0, 0.35, 1.0))
    assert not none.bonus(stated).any() and float(none.likely(chances, stated)) == 0.0
    for one in (third, whole):
        share = one.shares["style"]
        assert torch.allclose(one.bonus(stated)[0], share * whole.tables["style"][:, 2].repeat_interleave(4))
        assert float(one.likely(chances, stated)) == pytest.approx(
            share * float(whole.likely(chances, stated))
        )


def test_tokens_are_heard_together(tunable: Path, tones: Path) -> None:
    found = telling(tunable, tones)
    heard = found.heard(torch.tensor([[4, 5, 4], [0, 1, 4]]))
    drums = heard[DRUMS]
    table = found.tables["drums"]
    assert torch.allclose(drums, torch.stack((3 * table[1], 2 * table[0] + table[1])))
    assert drums.argmax(dim=1).tolist() == [1, 0]
