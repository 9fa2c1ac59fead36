"""The chain over two stages of toys: a line, and a file computed from it."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from tones import make_tones
from toy import ALONE, SETTINGS, Line

from nocturne_training.chain import runner
from nocturne_training.chain.record import Record
from nocturne_training.chain.runner import Runner
from nocturne_training.config import load
from nocturne_training.stages.context import Context
from nocturne_training.stages.registry import Stage
from nocturne_training.stages.weights import write
from nocturne_training.trainer.errors import TrainingError
from nocturne_training.trainer.settings import Settings, VaeSettings

NAMES = ("vae", "export")


@dataclass(frozen=True)
class Toy(Stage):
    """A stage whose implementation is given, not found."""

    make: Callable[[Context], object] | None = None

    def load(self) -> Callable[[Context], object]:  # type: ignore[override]
        assert self.make is not None
        return self.make


@pytest.fixture
def chain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Runner]:
    corpus = make_tones(tmp_path / "corpus", train=2, held_out=1)

    def compute(context: Context) -> None:
        write(context.stage("export"), "copy", Line().net)

    shared = {"implementation": "", "starts": True}
    line = Toy("vae", ("corpus",), ("net",), ("vae",), sources=("corpus",), make=lambda _: Line(), **shared)
    copy = Toy("export", ("net",), (), (), learns=False, sources=("vae",), make=compute, **shared)
    monkeypatch.setattr(runner, "stages_of", lambda _: (line, copy))

    def make(**changes: object) -> Runner:
        shared = {key: getattr(SETTINGS, key) for key in ("steps", "batch", "ema", "learning_rate")}
        settings = Settings(vae=replace(VaeSettings(**shared, checkpoint_every=5), **changes))
        return Runner(Context(tmp_path / "run", corpus, load("tiny"), settings, ALONE), shown=False)

    return make


def test_a_finished_stage_is_not_run_again(
    chain: Callable[..., Runner], capsys: pytest.CaptureFixture
) -> None:
    assert chain().run(NAMES)
    first = (chain().context.stage("vae") / "state.pt").stat().st_mtime_ns
    capsys.readouterr()
    assert chain().run(NAMES)
    assert capsys.readouterr().out.splitlines() == [
        "vae: finished, inputs unchanged",
        "export: finished, inputs unchanged",
    ]
    assert (chain().context.stage("vae") / "state.pt").stat().st_mtime_ns == first


def test_changed_settings_put_the_old_work_aside(chain: Callable[..., Runner]) -> None:
    chain().run(NAMES)
    before = Record.read(chain().context.stage("vae"))
    chain(learning_rate=0.01).run(NAMES)
    aside = chain().context.directory / "aside"
    assert Record.read(aside / "vae-1") == before
    assert sorted(path.name for path in aside.iterdir()) == ["export-1", "vae-1"]


def test_only_what_depends_on_a_redone_stage_is_redone(chain: Callable[..., Runner]) -> None:
    chain().run(NAMES)
    chain().run(NAMES, redo=("vae",))
    # The same seed learns the same weights, so the stage after it has nothing new to do.
    assert [path.name for path in (chain().context.directory / "aside").iterdir()] == ["vae-1"]


def test_more_steps_go_on_from_the_checkpoint(chain: Callable[..., Runner]) -> None:
    chain(steps=10).run(("vae",))
    chain(steps=20).run(("vae",))
    entries = (chain().context.stage("vae") / "log.jsonl").read_text().splitlines()
    assert [json.loads(line)["step"] for line in entries if '"train"' in line] == [10, 20]
    assert not (chain().context.directory / "aside").exists()


def test_what_went_on_is_taken_anew_by_the_stages_after_it(chain: Callable[..., Runner]) -> None:
    chain(steps=10).run(NAMES)
    first = Record.read(chain().context.stage("vae"))
    chain(steps=20).run(NAMES)
    second = Record.read(chain().context.stage("vae"))
    assert first and second and first.identity == second.identity and first.digest != second.digest
    assert [path.name for path in (chain().context.directory / "aside").iterdir()] == ["export-1"]


def test_fewer_steps_than_were_learned_are_refused(chain: Callable[..., Runner]) -> None:
    chain(steps=20).run(("vae",))
    before = Record.read(chain().context.stage("vae"))
    with pytest.raises(TrainingError, match="has learned 20 steps, more than the 10 asked for"):
        chain(steps=10).run(("vae",))
    assert Record.read(chain().context.stage("vae")) == before
    assert chain(steps=10).run(("vae",), redo=("vae",))


def test_a_folder_that_was_put_aside_and_removed_is_in_nobodys_way(chain: Callable[..., Runner]) -> None:
    for _ in range(3):
        chain().run(("vae",), redo=("vae",))
    aside = chain().context.directory / "aside"
    (aside / "vae-1").rename(aside.parent / "elsewhere")
    chain().run(("vae",), redo=("vae",))
    chain().run(("vae",), redo=("vae",))
    assert sorted(path.name for path in aside.iterdir()) == ["vae-1", "vae-2", "vae-3"]


def test_whoever_is_asked_to_stop_in_a_last_step_begins_nothing_more(
    chain: Callable[..., Runner], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    validate = Line.validate

    def signalled(line: Line) -> dict[str, float]:
        os.kill(os.getpid(), signal.SIGTERM)
        return validate(line)

    monkeypatch.setattr(Line, "validate", signalled)
    assert not chain(steps=5).run(NAMES)
    assert "export: not begun; the same command goes on" in capsys.readouterr().out
    assert Record.read(chain().context.stage("vae")) and not Record.read(chain().context.stage("export"))
    monkeypatch.undo()


def test_a_changed_corpus_is_begun_anew(chain: Callable[..., Runner], tmp_path: Path) -> None:
    chain().run(("vae",))
    (tmp_path / "corpus").rename(tmp_path / "other")
    make_tones(tmp_path / "corpus", train=3, held_out=1)
    chain().run(("vae",))
    assert (tmp_path / "run" / "aside" / "vae-1" / "state.pt").exists()


def test_a_missing_input_is_named(chain: Callable[..., Runner]) -> None:
    with pytest.raises(TrainingError, match="vae: not finished, and export needs it; run it first"):
        chain().run(("export",))


def test_a_module_that_was_removed_is_made_again(chain: Callable[..., Runner]) -> None:
    chain().run(NAMES)
    (chain().context.stage("vae") / "net.safetensors").unlink()
    assert chain().run(NAMES)
    assert (chain().context.stage("vae") / "net.safetensors").exists()


def test_learning_starts_from_a_checkpoint(chain: Callable[..., Runner], tmp_path: Path) -> None:
    start = tmp_path / "start"
    start.mkdir()
    given = Line().net
    with torch.no_grad():
        given.weight.fill_(3.0)
        given.bias.fill_(-1.0)
    write(start, "net", given)
    runner = chain(steps=1, learning_rate=1e-4, ema=0.0)
    runner.context = replace(runner.context, start=start)
    with pytest.raises(TrainingError, match="takes a checkpoint directory"):
        runner.run(("vae",))
    (start / "manifest.json").write_text("{}")
    runner.run(("vae",))
    learned = load_file(runner.context.stage("vae") / "net.safetensors")
    assert torch.allclose(learned["weight"], given.weight, atol=1e-3)
    write(start, "net", torch.nn.Linear(2, 1))
    chained = chain(steps=1)
    chained.context = replace(chained.context, start=start, directory=tmp_path / "second")
    with pytest.raises(TrainingError, match="weight does not fit this configuration"):
        chained.run(("vae",))


def test_a_stage_that_goes_on_from_another_leaves_the_checkpoint_alone(
    chain: Callable[..., Runner], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = tmp_path / "start"
    start.mkdir()
    (start / "manifest.json").write_text("{}")
    given = Line().net
    with torch.no_grad():
        given.weight.fill_(3.0)
    write(start, "net", given)
    line = Toy("vae", ("corpus",), ("net",), ("vae",), "", sources=("corpus",), make=lambda _: Line())
    made = chain(steps=1, learning_rate=1e-4, ema=0.0)
    monkeypatch.setattr(runner, "stages_of", lambda _: (line,))
    made.context = replace(made.context, start=start)
    assert "start" not in made.inputs(line)
    made.run(("vae",))
    learned = load_file(made.context.stage("vae") / "net.safetensors")
    assert torch.allclose(learned["weight"], Line().net.weight, atol=1e-3)
