from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from nocturne_training.trainer.replay import Replay


class Noisy:
    """A loss with dropout, and the mean of what the network said."""

    def __init__(self, device: str) -> None:
        torch.manual_seed(3)
        self.network = nn.Sequential(nn.Linear(4, 16), nn.GELU(), nn.Dropout(0.5), nn.Linear(16, 1)).to(
            device
        )

    def __call__(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        said = self.network(x)
        return (said - y).square().mean(), said.detach().mean()


def steps(call: object, noisy: Noisy, device: str) -> list[Tensor]:
    """Losses, means and gradients of three steps, each with numbers and dropout of its own."""
    found = []
    for step in range(3):
        torch.manual_seed(step)
        x, y = torch.randn(32, 4).to(device), torch.randn(32, 1).to(device)
        loss, mean = call(x, y)
        noisy.network.zero_grad(set_to_none=True)
        loss.backward()
        gradients = [parameter.grad for parameter in noisy.network.parameters()]
        found += [part.detach().clone() for part in (loss, mean, *gradients)]
    return found


def test_without_a_gpu_it_is_the_function_itself() -> None:
    plain, replayed = Noisy("cpu"), Noisy("cpu")
    once = steps(plain, plain, "cpu")
    again = steps(Replay(replayed, replayed.network, torch.device("cpu")), replayed, "cpu")
    assert all(torch.equal(a, b) for a, b in zip(once, again, strict=True))
    assert len({float(loss) for loss in once[::6]}) == 3


@pytest.mark.skipif(not torch.cuda.is_available(), reason="records on a GPU only")
def test_a_recording_computes_what_the_function_does() -> None:
    plain, replayed = Noisy("cuda"), Noisy("cuda")
    once = steps(plain, plain, "cuda")
    again = steps(Replay(replayed, replayed.network, torch.device("cuda")), replayed, "cuda")
    assert all(torch.allclose(a, b, atol=1e-5) for a, b in zip(once, again, strict=True))
