"""Contrastive losses of 1.2 against double loops."""

from __future__ import annotations

import math

import torch
from torch.autograd import gradcheck

from nocturne_training.losses.contrastive import decoupled, info_nce, ranks

B = 6


def pairs() -> tuple[torch.Tensor, torch.Tensor]:
    scores = 3 * torch.randn(B, B, dtype=torch.float64)
    same = torch.eye(B, dtype=torch.bool)
    for i, j in ((0, 3), (1, 2), (1, 5), (2, 5)):
        same[i, j] = same[j, i] = True
    return scores, same


def naive_info_nce(scores: torch.Tensor, same: torch.Tensor) -> float:
    total = 0.0
    for table in (scores, scores.T):
        for i in range(B):
            below = sum(math.exp(table[i, j]) for j in range(B) if j == i or not same[i, j])
            total -= math.log(math.exp(table[i, i]) / below)
    return total / (2 * B)


def naive_decoupled(scores: torch.Tensor, same: torch.Tensor) -> float:
    total = 0.0
    for i in range(B):
        below = 0.0
        for j in range(B):
            if j != i and not same[i, j]:
                below += math.exp(scores[i, j]) + math.exp(scores[j, i])
        total -= math.log(math.exp(scores[i, i]) / below)
    return total / B


def test_info_nce_equals_a_double_loop() -> None:
    scores, same = pairs()
    assert math.isclose(float(info_nce(scores, same)), naive_info_nce(scores, same), rel_tol=1e-12)
    assert not math.isclose(float(info_nce(scores, same)), float(info_nce(scores, torch.eye(B) > 0)))
    assert gradcheck(lambda table: info_nce(table, same), scores.requires_grad_())


def test_decoupled_form_equals_a_double_loop() -> None:
    scores, same = pairs()
    assert math.isclose(float(decoupled(scores, same)), naive_decoupled(scores, same), rel_tol=1e-12)
    assert not math.isclose(float(decoupled(scores, same)), float(decoupled(scores, torch.eye(B) > 0)))
    assert gradcheck(lambda table: decoupled(table, same), scores.requires_grad_())


def test_pairs_without_an_opposite_teach_nothing() -> None:
    for loss in (info_nce, decoupled):
        scores = torch.randn(3, 3, requires_grad=True)
        value = loss(scores, torch.ones(3, 3, dtype=torch.bool))
        value.backward()
        assert float(value.detach()) == 0 and scores.grad is not None and not scores.grad.any()


def test_ranks_count_what_scores_as_well_against_the_own_text() -> None:
    scores, same = pairs()
    for i, place in enumerate(ranks(scores, same)):
        better = [j for j in range(B) if j != i and not same[i, j] and scores[i, j] >= scores[i, i]]
        assert int(place) == 1 + len(better)
    collapsed = torch.zeros(B, B)
    assert ranks(collapsed, torch.eye(B) > 0).tolist() == [B] * B
