from __future__ import annotations

import errno
import json
import os
import signal
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from toy import ALONE, SETTINGS, Line

from nocturne_training.trainer import state
from nocturne_training.trainer.errors import TrainingError
from nocturne_training.trainer.log import read
from nocturne_training.trainer.loop import Loop
from nocturne_training.trainer.task import Metrics


def loop(directory: Path, task: Line | None = None, identity: str = "me", **changes: object) -> Loop:
    return Loop(task or Line(), replace(SETTINGS, **changes), ALONE, directory, identity, shown=False)


def weights(trained: Loop) -> list[torch.Tensor]:
    with trained.learned() as modules:
        averaged = [value.clone() for value in modules["net"].state_dict().values()]
    return averaged + [value.clone() for value in trained.task.modules["net"].state_dict().values()]


def test_it_learns_and_leaves_log_picture_and_state(tmp_path: Path) -> None:
    trained = loop(tmp_path, steps=300)
    outcome = trained.run()
    assert outcome.finished and outcome.validation["loss"] < 0.01
    entries = read(tmp_path / "log.jsonl")
    assert [e["step"] for e in entries if e["split"] == "train"] == list(range(1, 301))
    assert {"loss", "net_norm", "rate", "seconds"} <= entries[0].keys()
    assert (tmp_path / "loss.png").read_bytes().startswith(b"\x89PNG")
    assert state.read(tmp_path / "state.pt", ALONE.device)["step"] == 300


def test_resumed_equals_uninterrupted_bit_for_bit(tmp_path: Path) -> None:
    whole = loop(tmp_path / "whole")
    whole.run()
    torch.manual_seed(5)
    part = loop(tmp_path / "part")
    with part.ahead(0) as batches:
        for _ in range(7):
            part._step(batches)
        part._save()
        part._step(batches)  # lost with the kill
    resumed = loop(tmp_path / "part")
    assert resumed.step == 7
    resumed.run()
    assert all(torch.equal(a, b) for a, b in zip(weights(whole), weights(resumed), strict=True))


def test_lines_after_the_checkpoint_are_written_once(tmp_path: Path) -> None:
    loop(tmp_path, steps=5).run()
    with (tmp_path / "log.jsonl").open("a") as file:
        file.write(json.dumps({"step": 6, "split": "train", "loss": 1.0}) + '\n{"torn')
    loop(tmp_path, steps=8).run()
    steps = [e["step"] for e in read(tmp_path / "log.jsonl") if e["split"] == "train"]
    assert steps == list(range(1, 9))


def test_a_loss_that_is_not_finite_stops_and_keeps_the_last_checkpoint(tmp_path: Path) -> None:
    with pytest.raises(TrainingError) as caught:
        loop(tmp_path, Line(poison=12)).run()
    message = str(caught.value)
    assert "line: the net loss is not finite at step 12" in message
    assert str(tmp_path / "state.pt") in message and "\n" not in message
    kept = state.read(tmp_path / "state.pt", ALONE.device)
    assert kept["step"] == 10 and torch.isfinite(kept["modules"]["net"]["weight"]).all()
    assert loop(tmp_path).run().finished


def test_a_full_disk_keeps_the_last_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loop(tmp_path, steps=5).run()

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(state.os, "fsync", full)
    with pytest.raises(TrainingError, match=r"No space left on device.*last good one"):
        loop(tmp_path, steps=10).run()
    assert state.read(tmp_path / "state.pt", ALONE.device)["step"] == 5
    assert not list(tmp_path.glob("*.partial"))


def test_another_configuration_is_refused(tmp_path: Path) -> None:
    loop(tmp_path, steps=5).run()
    with pytest.raises(TrainingError, match="another configuration"):
        loop(tmp_path, identity="other")


def test_a_checkpoint_of_another_shape_is_one_line(tmp_path: Path) -> None:
    loop(tmp_path, steps=5).run()
    wider = Line()
    wider.net = torch.nn.Linear(2, 1)
    with pytest.raises(
        TrainingError, match=r"state\.pt: does not go with these settings \(size mismatch"
    ) as caught:
        loop(tmp_path, wider)
    assert "\n" not in str(caught.value)


def test_a_damaged_checkpoint_is_named(tmp_path: Path) -> None:
    (tmp_path / "state.pt").write_bytes(b"torn")
    with pytest.raises(TrainingError, match=r"state\.pt: not a readable checkpoint"):
        loop(tmp_path)


def test_time_and_signals_end_it_with_a_checkpoint(tmp_path: Path) -> None:
    stopped = loop(tmp_path / "time", steps=10_000).run(max_minutes=0.0)
    assert not stopped.finished and stopped.step == 1
    assert loop(tmp_path / "time").step == 1
    timer = threading.Timer(0.3, lambda: os.kill(os.getpid(), signal.SIGTERM))
    timer.start()
    stopped = loop(tmp_path / "signal", steps=1_000_000, log_every=0, validate_every=0).run()
    timer.join()
    assert 0 < stopped.step < 1_000_000
    assert loop(tmp_path / "signal").step == stopped.step


def test_it_learns_in_training_mode_and_validates_the_average_in_the_other(tmp_path: Path) -> None:
    class Watched(Line):
        def optimise(self, *given: Any) -> Metrics:
            modes.append(("learns", self.net.training))
            return super().optimise(*given)

        def validate(self) -> dict[str, float]:
            modes.append(("validates", self.net.training))
            averaged.append(torch.equal(self.net.weight, trained.average.values["net/weight"]))
            return super().validate()

    modes: list[tuple[str, bool]] = []
    averaged: list[bool] = []
    trained = loop(tmp_path, Watched(), steps=6, validate_every=2)
    trained.run()
    assert modes == [("learns", True), ("learns", True), ("validates", False)] * 3
    assert averaged == [True] * 3
    assert not torch.equal(trained.task.modules["net"].weight, trained.average.values["net/weight"])


def test_a_signal_in_the_last_step_is_heard(tmp_path: Path) -> None:
    class Signalled(Line):
        def validate(self) -> dict[str, float]:
            os.kill(os.getpid(), signal.SIGTERM)
            return {}

    outcome = loop(tmp_path, Signalled(), steps=5).run()
    assert outcome.finished and outcome.stopped and not loop(tmp_path / "other").run().stopped


def test_the_average_is_what_is_exported(tmp_path: Path) -> None:
    trained = loop(tmp_path)
    trained.run()
    own = trained.task.modules["net"].weight.clone()
    with trained.learned() as modules:
        averaged = modules["net"].weight.clone()
        assert not modules["net"].training
    assert not torch.equal(own, averaged)
    assert torch.equal(trained.task.modules["net"].weight, own)
