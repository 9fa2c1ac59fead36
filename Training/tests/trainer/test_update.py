"""What one step does to the weights, and what follows them."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn
from toy import ALONE

from nocturne_training.trainer.average import Average
from nocturne_training.trainer.errors import TrainingError
from nocturne_training.trainer.learning_rate import factor
from nocturne_training.trainer.settings import StageSettings
from nocturne_training.trainer.update import Update


def updating(weight: nn.Parameter, **changes: object) -> Update:
    return Update("toy", StageSettings(steps=100, **changes), {"net": [weight]}, ALONE)


@pytest.mark.parametrize(("clip", "left"), [(0.5, 0.5), (20.0, 5.0), (0.0, 5.0)])
def test_gradients_are_clipped_to_their_largest_norm(
    clip: float, left: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    weight = nn.Parameter(torch.tensor([1.0, 1.0]))
    update = updating(weight, clip=clip)
    seen: list[float] = []
    monkeypatch.setattr(
        update.optimizers["net"],
        "step",
        lambda: seen.append(float(weight.grad.norm())),  # type: ignore[union-attr]
    )
    update("net", (weight * torch.tensor([3.0, 4.0])).sum())
    assert seen == pytest.approx([left], rel=1e-4)
    assert update.norms["net"] == pytest.approx(5.0)


def test_the_optimiser_is_adamw_as_the_settings_say() -> None:
    weight = nn.Parameter(torch.tensor([2.0]))
    update = updating(weight, learning_rate=0.25, betas=(0.5, 0.75), weight_decay=0.125, warmup=4, clip=0.0)
    (entry,) = update.optimizers["net"].param_groups
    assert (entry["betas"], entry["weight_decay"]) == ((0.5, 0.75), 0.125)
    update.step = 1
    update("net", 3.0 * weight.sum())
    # Half of the peak rate at the second of four steps; Adam's first step is as long as its rate.
    assert entry["lr"] == pytest.approx(0.125)
    assert float(weight.detach()) == pytest.approx(2.0 * (1 - 0.125 * 0.125) - 0.125, rel=1e-5)


def test_a_gradient_that_is_not_finite_changes_no_weight() -> None:
    weight = nn.Parameter(torch.tensor([0.0, 4.0]))
    with pytest.raises(TrainingError, match="toy: the gradient of the net loss is not finite at step 0"):
        updating(weight)("net", weight.sqrt().sum())
    assert weight.tolist() == [0.0, 4.0]


def test_the_average_forgets_its_start_and_then_follows_slowly() -> None:
    module = nn.Linear(1, 1, bias=False)
    nn.init.zeros_(module.weight)
    average, found = Average({"net": module}, decay=0.2), []
    for step, value in enumerate((1.0, 2.0, 3.0)):
        nn.init.constant_(module.weight, value)
        average.update(step)
        found.append(float(average.values["net/weight"]))
    first = 0.9 * 1.0
    second = 2 / 11 * first + 9 / 11 * 2.0
    assert found == pytest.approx([first, second, 0.2 * second + 0.8 * 3.0])


@pytest.mark.parametrize(
    ("decay", "share"),
    [
        ("constant", 1.0),
        ("linear", 1.0 - 0.9 * 0.25),
        ("cosine", 0.1 + 0.9 * 0.5 * (1.0 + math.cos(math.pi / 4))),
        ("exponential", 0.1**0.25),
    ],
)
def test_a_quarter_of_the_way_the_rate_is_what_its_decay_says(decay: str, share: float) -> None:
    assert factor(10 + 25, 110, 10, decay, 0.1) == pytest.approx(share)  # type: ignore[arg-type]
