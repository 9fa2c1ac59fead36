from __future__ import annotations

from itertools import pairwise

import torch

from nocturne_training.trainer.learning_rate import factor
from nocturne_training.trainer.randomness import Draw, Order, generator, normal


def test_an_epoch_visits_every_example_once() -> None:
    order = Order(1, "stage", 10)
    first = [order.index(position) for position in range(10)]
    second = [order.index(position) for position in range(10, 20)]
    assert sorted(first) == sorted(second) == list(range(10))
    assert first != second


def test_processes_share_the_batch_of_one_process() -> None:
    whole = [(d.index, torch.rand(1, generator=d.generator)) for d in Order(1, "s", 7).draws(3, 4)]
    parts = [
        (d.index, torch.rand(1, generator=d.generator))
        for rank in range(2)
        for d in Order(1, "s", 7).draws(3, 2, rank, 2)
    ]
    assert whole == parts


def test_noise_is_each_examples_own() -> None:
    def draws(*seeds: int) -> list[Draw]:
        return [Draw(0, generator("noise", seed)) for seed in seeds]

    cpu = torch.device("cpu")
    together = normal(draws(1, 2, 3), (5, 4), cpu)
    assert together.shape == (3, 5, 4) and float(together.std()) > 0.7
    assert torch.equal(together[1:2], normal(draws(2), (5, 4), cpu))


def test_generators_differ_in_every_part() -> None:
    draws = [torch.rand(1, generator=generator(*parts)) for parts in ((1, "a", 2), (1, "a", 3), (2, "a", 2))]
    assert len({float(draw) for draw in draws}) == 3
    assert torch.rand(1, generator=generator(1, "a", 2)) == draws[0]


def test_the_learning_rate_warms_up_and_ends_at_the_floor() -> None:
    for decay in ("linear", "cosine", "exponential"):
        rates = [factor(step, 100, 10, decay, 0.1) for step in range(101)]
        assert rates[0] == 0.1 and rates[9] == 1.0
        assert abs(rates[100] - 0.1) < 1e-9
        assert all(a >= b for a, b in pairwise(rates[10:]))
    assert factor(77, 100, 10, "constant", 0.1) == 1.0
