"""Renders the same captions with Nocturne and with PyTorch from one checkpoint and compares the waveforms.

    python -m nocturne_training.parity --nocturne .build/release/nocturne --model DIR

Both compute in f32 with the seeds of Nocturne's run, so the noise and the semantic tokens are the same. But
where a random number lies on the very edge between two tokens, sums in another order draw the other one: a
clip that differs is compared again with all numbers moved by `EDGE`, and its line says so.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import soundfile
import torch

from .melody import Melody

TOLERANCE = 1e-3
EDGE = 1e-7
"""How near to an edge between two tokens a random number may lie for rounding to decide."""
CAPTIONS = (
    "A slow and gentle piano ballad with soft strings in the background.",
    "upbeat techno, four on the floor kick, synth lead, 128 bpm",
    "An accordion plays a lively waltz. There are no drums.",
)


@dataclass(frozen=True)
class Comparison:
    """One caption: norm of the difference of the waveforms over the norm of PyTorch's, whose random numbers
    were moved by `nudge`."""

    caption: str
    seed: int
    error: float
    nudge: float = 0.0


def compare(nocturne: Path, model: Path, captions: tuple[str, ...], seconds: float) -> list[Comparison]:
    """Renders and compares. Raises `CalledProcessError` where Nocturne fails."""
    with tempfile.TemporaryDirectory() as scratch:
        manifest, run = Path(scratch) / "captions.csv", Path(scratch) / "run"
        with manifest.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([("id", "caption"), *((f"c{i}", c) for i, c in enumerate(captions))])
        command = [str(nocturne), "render", str(manifest), "--out", str(run), "--model", str(model)]
        command += ["--precision", "f32", "--format", "wav", "--seconds", str(seconds), "--quiet"]
        subprocess.run(command, check=True)
        entries = [json.loads(line) for line in (run / "metadata.jsonl").read_text("utf-8").splitlines()]
        melody = Melody(model)
        return [_compare(melody, run, entry) for entry in sorted(entries, key=lambda entry: entry["id"])]


def _compare(melody: Melody, run: Path, entry: dict[str, object]) -> Comparison:
    theirs = torch.from_numpy(soundfile.read(run / str(entry["file_name"]), dtype="float32")[0])
    caption, seed = str(entry["caption"]), int(str(entry["seed"]))
    steps, seconds = int(str(entry["steps"])), float(str(entry["seconds"]))

    def compared(nudge: float) -> Comparison:
        ours = melody.render(caption, seed, steps, seconds, nudge).audio
        return Comparison(caption, seed, float((ours - theirs).norm() / ours.norm()), nudge)

    first = compared(0.0)
    if first.error <= TOLERANCE:
        return first
    moved = min((compared(nudge) for nudge in (-EDGE, EDGE)), key=lambda one: one.error)
    return moved if moved.error <= TOLERANCE else first


def main(words: list[str] | None = None) -> int:
    """Prints a line a caption; 0 if all are within the tolerance, 1 otherwise."""
    parser = argparse.ArgumentParser(
        prog="nocturne_training.parity", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("--nocturne", type=Path, required=True, help="the executable")
    parser.add_argument("--model", type=Path, required=True, help="a checkpoint directory")
    parser.add_argument("--caption", action="append", help="may be repeated; three of its own if left out")
    parser.add_argument("--seconds", type=float, default=10.0)
    options = parser.parse_args(words)
    captions = tuple(options.caption or CAPTIONS)
    try:
        results = compare(options.nocturne, options.model, captions, options.seconds)
    except subprocess.CalledProcessError as error:
        print(f"error: {options.nocturne} ended with {error.returncode}; see the line above", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"error: {error.filename or options.nocturne}: {error.strerror or error}", file=sys.stderr)
        return 1
    except ValueError as error:
        print(f"error: {options.model}: {error}", file=sys.stderr)
        return 1
    for result in results:
        edge = f"  (random numbers {result.nudge:+.0e}: a token's lies on an edge)" if result.nudge else ""
        print(f"{result.error:.2e}  seed {result.seed}  {result.caption}{edge}")
    # What is not a number is the largest there is.
    worst = max(results, key=lambda one: one.error if math.isfinite(one.error) else math.inf).error
    print(f"largest relative difference {worst:.2e}, allowed {TOLERANCE:.0e}")
    return 0 if worst <= TOLERANCE else 1


if __name__ == "__main__":
    sys.exit(main())
