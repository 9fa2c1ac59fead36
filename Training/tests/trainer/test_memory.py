"""Memory that a step frees is there for the next."""

from __future__ import annotations

import subprocess
import sys

STEPS = """
import resource
import torch
from nocturne_training.trainer.memory import keep_freed
{call}
def step():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    kept = [torch.full((size << 18,), 1.0) for size in (3, 40, 80)]
    del kept
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
for _ in range(12):
    step()
print(sum(step() for _ in range(3)))
"""


def faults(call: str) -> int:
    """Page faults of three steps, each of which fills 123 MiB and frees them, when twelve have been made."""
    words = [sys.executable, "-c", STEPS.format(call=call)]
    return int(subprocess.run(words, check=True, capture_output=True, text=True).stdout)


def test_pages_are_cleared_once() -> None:
    kept, left = faults("keep_freed()"), faults("")
    assert kept < left / 10
