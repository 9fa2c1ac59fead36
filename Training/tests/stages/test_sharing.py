"""Two processes learn what one with the doubled batch learns."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import torch
from resumption import ALONE
from safetensors.torch import load_file
from sharing import TASKS, run


def test_two_processes_equal_one_with_the_doubled_batch(tones: Path, tmp_path: Path) -> None:
    script = Path(__file__).with_name("sharing.py")
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    command += [str(script), str(tones), str(tmp_path / "two"), "2"]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2]), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-20000:]
    two = load_file(tmp_path / "two" / "tensors.safetensors")
    one = run(tones, tmp_path / "one", 4, ALONE)
    half = run(tones, tmp_path / "half", 2, ALONE)
    assert one.keys() == two.keys()
    for name in TASKS:
        keys = [key for key in one if key.startswith(f"{name}/")]
        apart = {key: float((one[key] - two[key]).abs().max()) for key in keys}
        assert max(apart.values()) < 2e-4, max(apart, key=apart.__getitem__)
        # A process that had learned from its own share alone would be far from that.
        assert max(float((one[key] - half[key]).abs().max()) for key in keys) > 2e-3, name
    assert torch.isfinite(torch.stack([value for key, value in one.items() if "/loss/" in key])).all()
