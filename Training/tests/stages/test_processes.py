"""The command itself: two processes against one with the doubled batch, and a real kill."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from extraction import copy_of

from nocturne_training.train import main

COMMON = ["--config", "tiny", "--quiet", "--threads", "1", "--device", "cpu"]
PACE = {"steps": 10, "logEvery": 1, "validateEvery": 0, "checkpointEvery": 10, "validationClips": 1}
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(Path(__file__).parents[2])}


def words(corpus: Path, run: Path, stages: str, **changes: object) -> list[str]:
    settings = [
        word for key, value in changes.items() for word in ("--set", f"{key.replace('__', '.')}={value}")
    ]
    return [*COMMON, "--corpus", str(corpus), "--out", str(run), "--stage", stages, *settings]


def curve(run: Path, stage: str, figure: str = "loss") -> list[float]:
    entries = [json.loads(line) for line in (run / stage / "log.jsonl").read_text().splitlines()]
    return [entry[figure] for entry in entries if entry["split"] == "train"]


def test_two_processes_learn_what_one_learns_from_the_doubled_batch(
    tones: Path, extracted: Path, tmp_path: Path
) -> None:
    shared = {f"{stage}__{key}": value for stage in ("lm", "dpd") for key, value in PACE.items()}
    shared |= {"dpd__cropFrames": 80, "dpd__cfgDrop": 0.4}
    two, one = copy_of(extracted, tmp_path / "two"), copy_of(extracted, tmp_path / "one")
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m"]
    command = [
        *launch,
        "nocturne_training.train",
        *words(tones, two, "lm,dpd", **shared, lm__batch=2, dpd__batch=2),
    ]
    done = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert main(words(tones, one, "lm,dpd", **shared, lm__batch=4, dpd__batch=4)) == 0
    for stage in ("lm", "dpd"):
        for figure in ("loss", f"{stage}_norm"):
            found, expected = curve(two, stage, figure), curve(one, stage, figure)
            assert len(found) == 10 and len(set(found)) == 10
            assert found == pytest.approx(expected, rel=1e-4), (stage, figure)


def test_a_killed_training_goes_on_to_the_same_bytes(tones: Path, extracted: Path, tmp_path: Path) -> None:
    changes = {"steps": 24, "logEvery": 1, "validateEvery": 0, "checkpointEvery": 4, "validationClips": 1}
    settings = {f"dpd__{key}": value for key, value in changes.items()}
    settings |= {"dpd__cropFrames": 80, "dpd__batch": 2, "dpd__ema": 0.9, "dpd__cfgDrop": 0.3}
    undisturbed, killed = (
        copy_of(extracted, tmp_path / "undisturbed"),
        copy_of(extracted, tmp_path / "killed"),
    )
    assert main(words(tones, undisturbed, "dpd", **settings)) == 0
    command = [sys.executable, "-m", "nocturne_training.train", *words(tones, killed, "dpd", **settings)]
    process = subprocess.Popen(command, env=ENVIRONMENT, stdout=subprocess.DEVNULL)
    log, limit = killed / "dpd" / "log.jsonl", time.monotonic() + 120
    while not log.exists() or len(log.read_text().splitlines()) < 6:
        assert process.poll() is None and time.monotonic() < limit
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    stopped = torch.load(killed / "dpd" / "state.pt", weights_only=True)["step"]
    assert 4 <= stopped < 24 and not (killed / "dpd" / "stage.json").exists()

    assert main(words(tones, killed, "dpd", **settings)) == 0
    states = [torch.load(run / "dpd" / "state.pt", weights_only=True) for run in (undisturbed, killed)]
    for key in ("modules", "optimizers", "average"):
        first, second = flat(states[0][key]), flat(states[1][key])
        assert first.keys() == second.keys() and len(first) > 10
        assert not [name for name in first if not torch.equal(first[name], second[name])]
    # The exported weights are the average's, not the last step's.
    files = [(run / "dpd" / "dpd.safetensors").read_bytes() for run in (undisturbed, killed)]
    assert files[0] == files[1]
    assert curve(undisturbed, "dpd") == curve(killed, "dpd")
    average, last = states[0]["average"]["dpd/output.weight"], states[0]["modules"]["dpd"]["output.weight"]
    assert not torch.equal(average, last)


def flat(value: object, name: str = "") -> dict[str, torch.Tensor]:
    """Tensors of nested dictionaries and lists by path."""
    if isinstance(value, torch.Tensor):
        return {name: value}
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return {key: tensor for k, v in pairs for key, tensor in flat(v, f"{name}/{k}").items()}
