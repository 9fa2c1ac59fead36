"""Stages side by side: as scripts that write down when they begin and end, and once as the real ones."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from threading import Timer

import pytest
from safetensors.torch import load_file
from tones import make_tones

from nocturne_training import train
from nocturne_training.chain.side_by_side import SideBySide
from nocturne_training.corpus.dataset import Corpus
from nocturne_training.stages.labels import able
from nocturne_training.stages.registry import LISTENING, NAMES, STAGES, Stage, stages_of
from nocturne_training.trainer.settings import (
    DpdTunedSettings,
    LmGuidedSettings,
    LmTunedSettings,
    MulanTunedSettings,
    Settings,
    StageSettings,
    VaeSettings,
    VaeTunedSettings,
)


def waiting(name: str, *others: str) -> Stage:
    return Stage(name, others, (name,), (), "", sources=others)


DIAMOND = (
    waiting("first", "corpus"),
    waiting("left", "corpus", "first"),
    waiting("right", "first"),
    waiting("last", "left", "right"),
)
WORK = "import time; time.sleep(0.5)"
STOPPABLE = """
import signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: sys.exit(75))
open("%s", "w").close()
time.sleep(60)
"""

TINY = (
    "steps=2 batch=1 cropFrames=16 adversaryAfter=9 discriminatorWidth=2 validationClips=1 encoderKept=true"
)


@pytest.fixture
def chain(tmp_path: Path) -> Callable[..., SideBySide]:
    """`chain(jobs, left="...")` runs the given script for a stage, else one that takes half a second."""

    def make(jobs: int, **scripts: str) -> SideBySide:
        def command(stage: Stage) -> list[str]:
            script = scripts.get(stage.name, WORK)
            note = f"open('{tmp_path}/times', 'a').write('{stage.name} %s\\n')"
            return [sys.executable, "-c", "\n".join((note % "begins", script, note % "ends"))]

        return SideBySide(command, tmp_path, jobs)

    return make


def events(directory: Path) -> list[str]:
    return (directory / "times").read_text().splitlines()


def test_a_stage_begins_when_what_it_needs_has_ended(
    chain: Callable[..., SideBySide], tmp_path: Path
) -> None:
    assert chain(3).run(DIAMOND) == 0
    found = events(tmp_path)
    assert found[:2] == ["first begins", "first ends"] and found[-2:] == ["last begins", "last ends"]
    assert {*found[2:4]} == {"left begins", "right begins"}


def test_no_more_than_the_jobs_run_at_once(chain: Callable[..., SideBySide], tmp_path: Path) -> None:
    assert chain(1).run(DIAMOND) == 0
    found = events(tmp_path)
    assert [line.split()[0] for line in found[::2]] == [line.split()[0] for line in found[1::2]]


def test_what_is_not_asked_for_is_not_waited_for(chain: Callable[..., SideBySide], tmp_path: Path) -> None:
    assert chain(2).run(DIAMOND[2:]) == 0
    assert events(tmp_path) == ["right begins", "right ends", "last begins", "last ends"]


def test_a_failure_stops_the_others_with_a_checkpoint(
    chain: Callable[..., SideBySide], tmp_path: Path
) -> None:
    ready = tmp_path / "ready"
    wait = f"import os, sys, time\nwhile not os.path.exists('{ready}'): time.sleep(0.05)\nsys.exit(1)"
    began = time.monotonic()
    assert chain(2, left=STOPPABLE % ready, right=wait).run(DIAMOND) == 1
    assert time.monotonic() - began < 30
    assert "last begins" not in events(tmp_path)


def test_a_stage_that_stopped_early_lets_the_others_go_on(
    chain: Callable[..., SideBySide], tmp_path: Path
) -> None:
    assert chain(2, left="import sys; sys.exit(75)").run(DIAMOND) == 75
    assert "right ends" in events(tmp_path) and "last begins" not in events(tmp_path)


def test_a_killed_stage_is_named(chain: Callable[..., SideBySide], capfd: pytest.CaptureFixture) -> None:
    assert chain(2, right="import os; os.kill(os.getpid(), 9)").run(DIAMOND) == 1
    assert "error: right: killed by SIGKILL; the same command goes on" in capfd.readouterr().err


def test_how_far_the_stages_are_is_told(tmp_path: Path, capfd: pytest.CaptureFixture) -> None:
    (tmp_path / "first").mkdir()
    (tmp_path / "first" / "log.jsonl").write_text('{"step": 20}\n{"step": 30}\n{"st')
    script = [sys.executable, "-c", "import time; time.sleep(1.0)"]
    chain = SideBySide(lambda _: script, tmp_path, 2, tell=0.3)
    assert chain.run((DIAMOND[0], waiting("other"))) == 0
    assert "first at step 30, other" in capfd.readouterr().out.splitlines()


def test_an_end_that_is_asked_for_reaches_every_stage(
    chain: Callable[..., SideBySide], tmp_path: Path
) -> None:
    ready = tmp_path / "ready"

    def ask() -> None:
        while not ready.exists():
            time.sleep(0.05)
        os.kill(os.getpid(), signal.SIGTERM)

    timer = Timer(0.0, ask)
    timer.start()
    other = waiting("other", "corpus")
    assert chain(1, first=STOPPABLE % ready).run((DIAMOND[0], other)) == 75
    timer.join()
    assert events(tmp_path) == ["first begins"]


def test_stages_end_with_a_chain_that_is_killed(tmp_path: Path) -> None:
    ready, ended = tmp_path / "ready", tmp_path / "ended"
    stage = f"""
import signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: sys.exit(open("{ended}", "w").close()))
open("{ready}", "w").close()
time.sleep(60)
"""
    code = f"""
import pathlib, sys
from nocturne_training.chain.side_by_side import SideBySide
from nocturne_training.corpus.dataset import Corpus
from nocturne_training.stages.labels import able
from nocturne_training.stages.registry import Stage
only = Stage("only", (), (), (), "")
SideBySide(lambda _: [sys.executable, "-c", {stage!r}], pathlib.Path("."), 1).run((only,))
"""
    parent = subprocess.Popen([sys.executable, "-c", code])
    deadline = time.monotonic() + 60
    while not ready.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    parent.kill()
    parent.wait()
    while not ended.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert ended.exists()


def test_an_encoder_that_is_kept_is_a_stage_that_latents_wait_for() -> None:
    def needs(settings: Settings) -> dict[str, tuple[str, ...]]:
        return {stage.name: stage.needs for stage in stages_of(settings)}

    kept, learned = needs(Settings(vae=VaeSettings(encoder_kept=True))), needs(Settings())
    assert kept["latents"] == ("corpus", "encoder")
    assert learned["latents"] == ("corpus", "vae") and "encoder" not in learned
    assert not {"encoder", "vae", "latents"} & {*kept["extract"], *learned["extract"], *kept["lm"]}
    tuning = (*LISTENING, *(stage.name for stage in STAGES if stage.optional))
    assert list(kept) == [name for name in NAMES if name not in tuning]


def test_networks_are_tuned_where_the_settings_say_so() -> None:
    def needs(**tuned: StageSettings) -> dict[str, tuple[str, ...]]:
        return {stage.name: stage.needs for stage in stages_of(Settings(**tuned))}

    lm, dpd = {"lmtuned": LmTunedSettings(steps=1)}, {"dpdtuned": DpdTunedSettings(steps=1)}
    none, one, other, both = needs(), needs(**lm), needs(**dpd), needs(**lm, **dpd)
    assert not {"listeners", "lmtuned", "dpdtuned"} & none.keys()
    assert {"listeners", "lmtuned"} <= one.keys() and "dpdtuned" not in one
    assert {"listeners", "dpdtuned"} <= other.keys() and "lmtuned" not in other
    assert {"lm", "dpd"} <= set(none["export"])
    assert {"lmtuned", "dpd"} <= set(one["export"]) and "lm" not in one["export"]
    assert {"lmtuned", "dpdtuned"} <= set(both["export"]) and not {"lm", "dpd"} & set(both["export"])
    assert "lm" in other["dpdtuned"] and "lmtuned" in both["dpdtuned"] and "lm" not in both["dpdtuned"]


def test_the_language_model_is_guided_last() -> None:
    def needs(**tuned: StageSettings) -> dict[str, tuple[str, ...]]:
        return {stage.name: stage.needs for stage in stages_of(Settings(**tuned))}

    guided, lm = {"lmguided": LmGuidedSettings(steps=1)}, {"lmtuned": LmTunedSettings(steps=1)}
    alone, both = needs(**guided), needs(**guided, **lm, dpdtuned=DpdTunedSettings(steps=1))
    assert "lmguided" not in needs(**lm) and not {"listeners", "lmtuned"} & alone.keys()
    assert {"lm", "mulan"} <= set(alone["lmguided"]) and "lmtuned" in both["lmguided"]
    assert "lm" not in both["lmguided"] and both["dpdtuned"].count("lmguided") == 1
    assert "lmguided" in both["export"] and not {"lm", "lmtuned"} & set(both["export"])
    tower = needs(mulantuned=MulanTunedSettings(steps=1), **guided)["lmguided"]
    assert "mulantuned" in tower and "mulan" not in tower


def test_sound_is_listened_to_where_the_decoder_or_what_it_decodes_is_tuned() -> None:
    def needs(**tuned: StageSettings) -> dict[str, tuple[str, ...]]:
        return {stage.name: stage.needs for stage in stages_of(Settings(**tuned))}

    vae, dpd = {"vaetuned": VaeTunedSettings(steps=1)}, DpdTunedSettings(steps=1)
    through = {"dpdtuned": replace(dpd, sound_weight=0.1)}
    alone, latents, sound = needs(**vae), needs(dpdtuned=dpd, **vae), needs(**through)
    both = needs(**through, **vae)
    assert {"soundlisteners", "vaetuned"} <= alone.keys() and "listeners" not in alone
    assert {"vae", "vaetuned"} <= set(alone["export"])
    assert not {"soundlisteners", "vae", "vaetuned"} & set(latents["dpdtuned"])
    assert {"soundlisteners", "listeners"} <= sound.keys() and "vaetuned" not in sound
    assert {"soundlisteners", "vae"} <= set(sound["dpdtuned"])
    assert {"soundlisteners", "vaetuned"} <= set(both["dpdtuned"]) and "vae" not in both["dpdtuned"]
    assert not {"soundlisteners", "vaetuned"} & needs(dpdtuned=replace(dpd, sound_weight=0.0)).keys()


def test_where_the_text_tower_is_tuned_captions_are_coded_by_it() -> None:
    def needs(**tuned: StageSettings) -> dict[str, tuple[str, ...]]:
        return {stage.name: stage.needs for stage in stages_of(Settings(**tuned))}

    lm, kept = {"lmtuned": LmTunedSettings(steps=1)}, {"vae": VaeSettings(encoder_kept=True)}
    without, found = needs(**lm), needs(mulantuned=MulanTunedSettings(steps=1), **lm, **kept)
    assert "mulantuned" not in without and "mulan" in without["lmtuned"]
    assert found["mulantuned"] == ("corpus", "mulan", "rvq") and "mulantuned" not in found["rvq"]
    assert {"mulan", "mulantuned"} <= set(found["extract"]) and "mulantuned" not in found["latents"]
    assert "mulantuned" in found["lmtuned"] and "mulan" not in found["lmtuned"]
    assert {"mulan", "mulantuned", "lmtuned"} <= set(found["export"])


def test_the_encoder_is_the_one_that_the_decoder_learns_beside(
    tmp_path: Path, capfd: pytest.CaptureFixture
) -> None:
    """The real stages, in processes of their own."""
    corpus, out = make_tones(tmp_path / "corpus", train=2, held_out=1), tmp_path / "out"
    words = f"--corpus {corpus} --out {out} --stage vae,encoder --jobs 2 --device cpu --max-minutes 5".split()
    for change in TINY.split():
        words += ["--set", f"vae.{change}"]
    assert train.main([*words, "--redo", "encoder"]) == 0
    first, last = (load_file(out / name / "vae_encoder.safetensors") for name in ("encoder", "vae"))
    assert first.keys() == last.keys() and all(first[key].equal(last[key]) for key in first)
    said = capfd.readouterr().out
    assert "encoder: done" in said and "vae: done" in said


def test_stages_side_by_side_have_the_time_that_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands: list[list[str]] = []

    class Noted(SideBySide):
        def run(self, stages: Sequence[Stage]) -> int:
            commands.extend(map(self.command, stages))
            return 0

    monkeypatch.setattr(train, "SideBySide", Noted)
    corpus = make_tones(tmp_path / "corpus", train=2, held_out=1)
    words = f"--corpus {corpus} --out {tmp_path / 'out'} --stage vae,tokenizer --jobs 2 --device cpu".split()
    assert train.main([*words, "--max-minutes", "3"]) == 0
    left = [float(command[command.index("--max-minutes") + 1]) for command in commands]
    assert len(left) == 2 and all(2.5 < minutes <= 3.0 for minutes in left)
    commands.clear()
    assert train.main(words) == 0 and not any("--max-minutes" in command for command in commands)


def test_a_stage_that_the_settings_leave_out_is_refused(tmp_path: Path, capfd: pytest.CaptureFixture) -> None:
    words = ["--config", "tiny", "--out", str(tmp_path / "out"), "--device", "cpu"]
    assert train.main([*words, "--stage", "lmtuned"]) == 1
    said = capfd.readouterr().err
    assert said.startswith("error: --stage lmtuned: these settings leave it out; they have vae, tokenizer,")
    assert said.count("\n") == 1 and not (tmp_path / "out").exists()


def test_music_without_labels_is_learned_from_without_tuning(
    tmp_path: Path, capfd: pytest.CaptureFixture
) -> None:
    corpus, out = make_tones(tmp_path / "corpus", train=2, held_out=1), tmp_path / "out"
    tuned = Settings(
        mulantuned=MulanTunedSettings(steps=3),
        vaetuned=VaeTunedSettings(steps=3),
        lmtuned=LmTunedSettings(steps=3),
        lmguided=LmGuidedSettings(steps=3),
        dpdtuned=DpdTunedSettings(steps=3),
    )
    assert stages_of(able(tuned, Corpus.open(corpus))) == stages_of(Settings())
    words = f"--corpus {corpus} --out {out} --device cpu --jobs 1 --set lmtuned.steps=3".split()
    for change in TINY.split():
        words += ["--set", f"vae.{change}"]
    assert train.main([*words, "--stage", "vae"]) == 0
    said = capfd.readouterr().out.splitlines()
    assert said[0] == f"{corpus}: no training clip has labels, so nothing is tuned for them"
    assert train.main([*words, "--stage", "lmtuned"]) == 1
    assert "error: --stage lmtuned: these settings leave it out" in capfd.readouterr().err
