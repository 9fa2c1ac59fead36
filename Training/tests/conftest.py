"""Every test starts from the same torch seed, on one thread: two would wait for each other."""

import pytest
import torch

torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def seeded() -> None:
    torch.manual_seed(20_230_519)
