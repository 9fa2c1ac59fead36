"""Renders are made once, and again when what they depend on changes."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import numpy as np
import pytest

from nocturne_training.measure.renders import Renderer, Setting
from nocturne_training.trainer.errors import TrainingError

STAND_IN = """#!{python}
# Takes the place of `nocturne render`: a second of a constant for each row, told by steps and place.
import csv, json, sys
from pathlib import Path
import numpy, soundfile
manifest, out = Path(sys.argv[2]), Path(sys.argv[sys.argv.index("--out") + 1])
steps = int(sys.argv[sys.argv.index("--steps") + 1])
(out / "audio").mkdir(parents=True, exist_ok=True)
with (out.parent / "calls").open("a") as calls:
    calls.write(f"{{' '.join(sys.argv[1:])}}\\n")
with (out / "metadata.jsonl").open("w") as metadata:
    for place, row in enumerate(csv.DictReader(manifest.open(encoding="utf-8", newline=""))):
        if "unspeakable" in row["caption"]:
            with (out / "errors.jsonl").open("a") as errors:
                errors.write(json.dumps({{"id": row["id"], "class": "item-fault"}}) + "\\n")
            continue
        if "forgotten" in row["caption"]:
            continue
        name = f"audio/{{row['id']}}.flac"
        soundfile.write(out / name, numpy.full(24000, steps / 100 + place / 10), 24000)
        metadata.write(json.dumps({{"id": row["id"], "file_name": name}}) + "\\n")
sys.exit(1 if steps == 99 else 2 if (out / "errors.jsonl").exists() else 0)
"""
CAPTIONS = {"b": "a second, with a comma", "a": "first\nof two lines"}


@pytest.fixture
def nocturne(tmp_path: Path) -> Path:
    path = tmp_path / "nocturne"
    path.write_text(STAND_IN.format(python=sys.executable))
    path.chmod(0o755)
    return path


def _model(folder: Path, config: str = "{}") -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "config.json").write_text(config)
    (folder / "manifest.json").write_text(json.dumps({"files": {"lm.safetensors": {"sha256": "0"}}}))
    return folder


def _renderer(nocturne: Path, model: Path) -> Renderer:
    return Renderer(nocturne, model, nocturne.parent / "out", lambda _: None)


def _calls(nocturne: Path) -> list[str]:
    return (nocturne.parent / "out" / "calls").read_text().splitlines()


def test_clips_come_in_the_order_of_the_captions_and_are_rendered_once(
    nocturne: Path, tmp_path: Path
) -> None:
    model = _model(tmp_path / "model")
    for _ in range(2):
        run = _renderer(nocturne, model).render("test", CAPTIONS, Setting(10, "uniform"))
    assert [float(audio[0]) for audio in run.audio(CAPTIONS)] == pytest.approx([0.1, 0.2], abs=1e-4)
    assert len(_calls(nocturne)) == 1
    assert "--schedule uniform" in _calls(nocturne)[0]


def test_other_steps_captions_seeds_or_weights_are_rendered_anew(nocturne: Path, tmp_path: Path) -> None:
    model = _model(tmp_path / "model")
    _renderer(nocturne, model).render("test", CAPTIONS, Setting(5))
    _renderer(nocturne, model).render("test", CAPTIONS, Setting(6))
    _renderer(nocturne, model).render("test", {**CAPTIONS, "a": "changed"}, Setting(5))
    _renderer(nocturne, _model(tmp_path / "model", '{"dim": 2}')).render("test", CAPTIONS, Setting(5))
    _renderer(nocturne, model).render("test", CAPTIONS, Setting(5, seed=1))
    _renderer(nocturne, model).render("test", CAPTIONS, Setting(5, precision="int8"))
    calls = _calls(nocturne)
    assert len(calls) == 6
    assert "--seed 1 --precision auto" in calls[4] and "--seed 0 --precision int8" in calls[5]


def test_another_build_of_nocturne_renders_anew(nocturne: Path, tmp_path: Path) -> None:
    model = _model(tmp_path / "model")
    _renderer(nocturne, model).render("test", CAPTIONS, Setting(5))
    nocturne.write_text(nocturne.read_text().replace("steps / 100", "steps / 50"))
    run = _renderer(nocturne, model).render("test", CAPTIONS, Setting(5))
    assert [float(audio[0]) for audio in run.audio(CAPTIONS)] == pytest.approx([0.1, 0.2], abs=1e-4)


def test_a_clip_that_is_gone_is_rendered_again(nocturne: Path, tmp_path: Path) -> None:
    renderer = _renderer(nocturne, _model(tmp_path / "model"))
    os.remove(renderer.render("test", CAPTIONS, Setting(5)).clips["a"])
    assert renderer.render("test", CAPTIONS, Setting(5)).clips["a"].exists()


def test_a_failure_or_a_missing_clip_is_one_line(nocturne: Path, tmp_path: Path) -> None:
    renderer = _renderer(nocturne, _model(tmp_path / "model"))
    with pytest.raises(TrainingError, match="ended with 1"):
        renderer.render("test", CAPTIONS, Setting(99))
    with pytest.raises(TrainingError, match="clips are missing; remove it"):
        renderer.render("test", {"c": "forgotten"}, Setting(5))
    with pytest.raises(TrainingError, match=r"no clip was made; see errors\.jsonl"):
        renderer.render("test", {"c": "unspeakable"}, Setting(5))
    with pytest.raises(TrainingError, match="build it first"):
        Renderer(tmp_path / "none", renderer.model, tmp_path / "other", print).render(
            "t", CAPTIONS, Setting(5)
        )


def test_samples_are_read_as_they_were_written(nocturne: Path, tmp_path: Path) -> None:
    run = _renderer(nocturne, _model(tmp_path / "model")).render("test", CAPTIONS, Setting(5))
    audio = next(run.audio(CAPTIONS))
    assert audio.dtype == np.float32 and audio.shape == (24_000,)


def test_an_item_that_is_dead_ends_no_measurement_and_counts_as_damaged(
    nocturne: Path, tmp_path: Path
) -> None:
    captions = {"a": "a piano", "b": "unspeakable"}
    for _ in range(2):
        run = _renderer(nocturne, _model(tmp_path / "model")).render("test", captions, Setting(5))
    assert len(_calls(nocturne)) == 1
    assert [float(np.abs(audio).max()) for audio in run.audio(captions)] == pytest.approx([0.05, 0], abs=1e-4)
    assert [sound.damaged for sound in run.sounds(captions)] == [False, True]
