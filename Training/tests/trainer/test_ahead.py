from __future__ import annotations

import threading
from pathlib import Path

import pytest
import torch
from test_loop import loop, weights
from toy import Line

from nocturne_training.trainer.ahead import Ahead


def test_batches_made_ahead_train_the_same_weights_bit_for_bit(tmp_path: Path) -> None:
    plain, ahead = loop(tmp_path / "plain"), loop(tmp_path / "ahead", threads=3)
    plain.run()
    ahead.run()
    assert all(torch.equal(a, b) for a, b in zip(weights(plain), weights(ahead), strict=True))


def test_they_come_in_order_though_an_earlier_one_takes_longer() -> None:
    later = threading.Event()

    def make(draws: list[int]) -> int:
        if draws == [6]:
            assert later.wait(timeout=60), "batch 7 was not made while batch 6 was"
        elif draws == [7]:
            later.set()
        return draws[0]

    with Ahead(make, lambda step: [step], 4, 9, threads=2) as batches:
        assert [batches.take() for _ in range(5)] == [4, 5, 6, 7, 8]


def test_nothing_else_is_made_while_the_first_is_learned_from() -> None:
    makers: list[threading.Thread] = []

    def make(draws: list[int]) -> int:
        makers.append(threading.current_thread())
        return draws[0]

    with Ahead(make, lambda step: [step], 0, 9, threads=2) as batches:
        assert batches.take() == 0 and makers == [threading.current_thread()]
        assert [batches.take() for _ in range(8)] == list(range(1, 9))
    assert makers[1] is threading.current_thread()
    assert threading.current_thread() not in makers[2:]


def test_none_is_made_beyond_the_last_step() -> None:
    made: list[int] = []
    with Ahead(lambda draws: made.append(draws[0]), lambda step: [step], 0, 2, threads=4) as batches:
        batches.take()
        batches.take()
    assert sorted(made) == [0, 1]


def test_a_fault_in_a_batch_arrives_at_its_own_step(tmp_path: Path) -> None:
    class Broken(Line):
        def batch(self, draws: list) -> tuple[torch.Tensor, torch.Tensor]:
            if len(seen) == 6:
                raise OSError("clip gone")
            seen.append(1)
            return super().batch(draws)

    seen: list[int] = []
    trained = loop(tmp_path, Broken(), threads=1)
    with pytest.raises(OSError, match="clip gone"):
        trained.run()
    assert trained.step == 6
