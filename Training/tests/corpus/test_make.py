"""Making: the same bytes for the same seed, whatever the workers; resuming; splits; sound."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

import nocturne_training
from nocturne_training.corpus import Corpus, CorpusError, soundfonts
from nocturne_training.corpus.__main__ import main
from nocturne_training.corpus.maker import make, plan_tasks
from nocturne_training.corpus.store import JOURNAL, Journal

from .conftest import HOURS


def contents(directory: Path) -> dict[str, bytes]:
    return {
        str(p.relative_to(directory)): p.read_bytes() for p in sorted(directory.rglob("*")) if p.is_file()
    }


def test_equal_seeds_make_equal_bytes_with_any_number_of_workers(small: Path, tmp_path: Path) -> None:
    make(tmp_path / "again", HOURS, 7, soundfonts.find("timgm6mb"), workers=2)
    assert contents(tmp_path / "again") == contents(small)


def test_another_seed_makes_another_corpus(small: Path, tmp_path: Path) -> None:
    make(tmp_path / "other", HOURS / 2, 8, soundfonts.find("timgm6mb"), workers=1)
    other = Corpus.open(tmp_path / "other")
    assert other.digest != Corpus.open(small).digest
    assert not {c.sha256 for c in other.split("train")} & {
        c.sha256 for c in Corpus.open(small).split("train")
    }


def test_clips_are_ten_seconds_of_sound_below_full_scale(small: Path) -> None:
    corpus = Corpus.open(small)
    for clip in [clip for name in ("train", "valid", "test") for clip in corpus.split(name)]:
        facts = soundfile.info(clip.path)
        assert (facts.samplerate, facts.channels, facts.frames, facts.subtype) == (
            24_000,
            1,
            240_000,
            "PCM_16",
        )
        audio = clip.audio()
        assert 0.01 < np.abs(audio).max() <= 0.9
        decibels = 10 * np.log10(np.mean(audio.astype(np.float64) ** 2))
        assert -45 < decibels < -8
        assert clip.labels and abs(clip.labels["loudness_db"] - decibels) < 0.1


def test_header_names_what_the_sound_depends_on(small: Path) -> None:
    header = json.loads((small / "corpus.json").read_text())
    assert header["kind"] == "made" and header["seed"] == 7 and header["hours"] == HOURS
    assert header["soundfont"]["name"] == "timgm6mb" and len(header["soundfont"]["sha256"]) == 64
    assert header["fluidsynth"].startswith("2.")
    assert {name: split["clips"] for name, split in header["splits"].items()} == {
        "train": 2,
        "valid": 2,
        "test": 2,
    }


def test_workers_end_with_a_killed_parent(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "nocturne_training.corpus",
        "make",
        "--hours",
        "1",
        "--soundfont",
        "timgm6mb",
    ]
    process = subprocess.Popen(
        [*command, "--out", str(tmp_path / "killed"), "--workers", "2"],
        stderr=subprocess.DEVNULL,
        env=environment(),
    )
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and not list(tmp_path.glob("killed/audio/*/*.flac")):
        time.sleep(0.01)
    workers = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    assert len(workers) >= 2
    process.kill()
    process.wait()
    while time.monotonic() < deadline and any(is_running(worker) for worker in workers):
        time.sleep(0.05)
    assert not any(is_running(worker) for worker in workers)


@pytest.mark.parametrize("hours", ["nan", "inf", "0", "-1"])
def test_hours_that_no_corpus_has_are_refused(
    hours: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["corpus", "make", "--hours", hours, "--out", "nowhere"])
    with pytest.raises(SystemExit):
        main()
    assert f"{hours} is not a number of hours above 0" in capsys.readouterr().err


def is_running(pid: str) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(Path(nocturne_training.__file__).parents[1])}


def test_a_killed_run_goes_on_and_ends_the_same(small: Path, tmp_path: Path) -> None:
    out = tmp_path / "killed"
    command = [sys.executable, "-m", "nocturne_training.corpus", "make", "--hours", str(HOURS), "--seed", "7"]
    command += ["--out", str(out), "--soundfont", "timgm6mb", "--workers", "1"]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL, env=environment())
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and not list(out.glob("audio/*/*.flac")):
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert (out / JOURNAL).exists() and not (out / "corpus.json").exists()
    make(out, HOURS, 7, soundfonts.find("timgm6mb"), workers=1)
    assert contents(out) == contents(small)


def unfinished(small: Path, out: Path) -> list[str]:
    """A run that stopped after its second composition and while writing a third line."""
    shutil.copytree(small, out)
    header = json.loads((out / "corpus.json").read_text())
    plan = {key: header[key] for key in ("kind", "seed", "hours", "composer", "soundfont", "fluidsynth")}
    lines = [plan]
    for index, split in enumerate(("train", "valid")):
        records = [
            json.loads(line) | {"split": split} for line in (out / f"{split}.jsonl").read_text().splitlines()
        ]
        lines.append({"key": str(index), "records": records, "skipped": []})
    (out / JOURNAL).write_text("".join(json.dumps(line) + "\n" for line in lines) + '{"key": "2", "rec')
    for path in out.glob("*.json*"):
        if path.name != JOURNAL:
            path.unlink()
    return [record["path"] for line in lines[1:] for record in line["records"]]


def test_finished_clips_are_kept_and_damaged_ones_made_again(small: Path, tmp_path: Path) -> None:
    out = tmp_path / "stopped"
    damaged, *_, kept = unfinished(small, out)
    (out / damaged).write_bytes(b"damaged")
    before = (out / kept).stat().st_mtime_ns
    make(out, HOURS, 7, soundfonts.find("timgm6mb"), workers=1)
    assert (out / kept).stat().st_mtime_ns == before
    assert contents(out) == contents(small)


def test_other_arguments_are_refused_in_one_line(small: Path, tmp_path: Path) -> None:
    font = soundfonts.find("timgm6mb")
    with pytest.raises(
        CorpusError, match=r"another corpus \(seed 7 there, 8 asked for\): choose another --out"
    ):
        make(small, HOURS, 8, font, workers=1)
    out = tmp_path / "stopped"
    unfinished(small, out)
    with pytest.raises(CorpusError, match=r"began as another corpus \(hours"):
        make(out, 1.0, 7, font, workers=1)
    journal = Journal(tmp_path / "busy", {"seed": 7})
    with pytest.raises(CorpusError, match="another run is writing there"):
        Journal(tmp_path / "busy", {"seed": 7})
    journal.close()
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine")
    with pytest.raises(CorpusError, match="not empty and no corpus"):
        make(tmp_path / "mine", HOURS, 7, font, workers=1)


def test_splits_share_no_composition(small: Path) -> None:
    corpus = Corpus.open(small)
    seeds = [{clip.labels["composition"] for clip in corpus.split(n)} for n in ("train", "valid", "test")]
    assert all(seeds) and not seeds[0] & seeds[1] and not seeds[0] & seeds[2] and not seeds[1] & seeds[2]
    tasks = plan_tasks(3, 10.0)
    assert sum(task.clips for task in tasks) == 3600
    shares = {split: sum(t.clips for t in tasks if t.split == split) / 3600 for split in ("valid", "test")}
    assert all(0.03 < share < 0.07 for share in shares.values())


def test_too_small_a_corpus_and_missing_soundfonts_are_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with pytest.raises(CorpusError, match="at least three clips"):
        plan_tasks(0, 0.001)
    monkeypatch.setattr(soundfonts, "FOLDERS", (tmp_path,))
    with pytest.raises(CorpusError, match="install the Debian package timgm6mb-soundfont"):
        soundfonts.find("timgm6mb")
    with pytest.raises(CorpusError, match="install the Debian package fluid-soundfont-gm"):
        soundfonts.find()
    with pytest.raises(CorpusError, match=r"no such soundfont"):
        soundfonts.find(str(tmp_path / "none.sf2"))
    (tmp_path / "bad.sf2").write_bytes(b"not a soundfont")
    with pytest.raises(CorpusError, match="FluidSynth cannot read it"):
        make(tmp_path / "out", HOURS, 7, soundfonts.find(str(tmp_path / "bad.sf2")), workers=1)
