"""How the seconds of a clip grow with each thing that can be asked for; run by scripts/bench-growth."""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib
import numpy as np

matplotlib.use("Agg")
import matplotlib.pyplot as plt

ROOT = Path(__file__).resolve().parent.parent
CORES = len(os.sched_getaffinity(0))
LONGEST = 10.0
"""Seconds that every configuration renders."""


@dataclass(frozen=True)
class Axis:
    """One thing that is varied, the others standing still; `measure` gives seconds."""

    name: str
    values: Sequence[float]
    unit: str
    measure: Callable[[float], float]
    is_linear: bool


def line(values: Sequence[float], seconds: Sequence[float]) -> tuple[float, float, float]:
    """The straight line through points by least squares: its start, its slope, and the largest distance of a
    point from it as a part of the line there."""
    slope, start = np.polyfit(values, seconds, 1)
    on_line = start + slope * np.asarray(values)
    return float(start), float(slope), float(np.max(np.abs(np.asarray(seconds) / on_line - 1)))


def fail(text: str) -> None:
    print(f"scripts/bench-growth: {text}", file=sys.stderr)
    raise SystemExit(1)


def positive(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text}: a whole number from 1")
    return int(text)


def length(text: str) -> float:
    try:
        if 0 < float(text) <= LONGEST:
            return float(text)
    except ValueError:
        pass
    raise argparse.ArgumentTypeError(f"{text}: seconds, not above {LONGEST:g}")


def call(command: Sequence[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        fail(f"{' '.join(command[:3])} ended with {done.returncode}: {done.stderr.strip()}")
    return done.stdout


class Bench:
    """Nocturne on one configuration."""

    def __init__(self, nocturne: str, asked: argparse.Namespace, scratch: Path) -> None:
        self.nocturne, self.asked, self.scratch = nocturne, asked, scratch
        self.config, self.clips = asked.config, asked.clips
        self.runs = 0

    def render(self, **changes: float) -> float:
        """Seconds a clip, in one process that is ready."""
        asked = {"clips": self.clips, "steps": 5, "seconds": self.asked.seconds, "threads": CORES, **changes}
        words = [word for name, value in asked.items() for word in (f"--{name}", f"{value:g}")]
        out = call([self.nocturne, "bench", "render", "--config", self.config, "--json", *words])
        return json.loads(out)["seconds_per_clip"]

    def workers(self, count: float) -> float:
        """Seconds a clip of a whole run by so many processes of one thread, from command to exit."""
        self.runs += 1
        clips = 2 * CORES * self.clips
        manifest = self.scratch / "growth.csv"
        rows = "".join(f"g{row},a calm piano melody\n" for row in range(clips))
        manifest.write_text(f"id,caption\n{rows}")
        command = [self.nocturne, "render", str(manifest), "--out", str(self.scratch / f"run{self.runs}")]
        command += ["--model", str(self.model), "--workers", f"{count:g}", "--threads", "1", "--quiet"]
        command += ["--seconds", f"{self.asked.seconds:g}"]
        begin = time.monotonic()
        call(command)
        return (time.monotonic() - begin) / clips

    @property
    def model(self) -> Path:
        """The shipped checkpoint, or one with random weights."""
        shipped = ROOT / "Models" / self.config
        if shipped.exists():
            return shipped
        made = self.scratch / "model"
        if not made.exists():
            call([self.nocturne, "model", "new", "--config", self.config, "--out", str(made)])
        return made

    def axes(self) -> list[Axis]:
        batches = [count for count in (1, 2, 4, 8, 16) if count <= self.asked.batch]
        cores = sorted({CORES, *(2**power for power in range(CORES.bit_length()))})
        return [
            Axis("steps", (1, 2, 5, 10, 20), "steps", lambda x: self.render(steps=x), True),
            Axis("length", (2.5, 5, 7.5, LONGEST), "s of audio", lambda x: self.render(seconds=x), True),
            Axis("batch", batches, "clips together", lambda x: self.render(clips=x), False),
            Axis("threads", cores, "threads", lambda x: self.render(threads=x), False),
            Axis("workers", cores, "workers of one thread", self.workers, False),
        ]


def report(axis: Axis, seconds: Sequence[float]) -> None:
    cells = "  ".join(
        f"{value:g}: {second:.3f} s" for value, second in zip(axis.values, seconds, strict=True)
    )
    print(f"{axis.name:8} {cells}")
    if axis.is_linear:
        start, slope, off = line(axis.values, seconds)
        print(f"{'':8} = {start:.3f} s + {slope:.4f} s for each of the {axis.unit}, off by {off:.0%} at most")
    elif len(axis.values) > 1:
        print(f"{'':8} {seconds[0] / seconds[-1]:.2f} times as fast at {axis.values[-1]:g} as at 1")


def draw(path: Path, title: str, found: Sequence[tuple[Axis, Sequence[float]]]) -> None:
    figure, panels = plt.subplots(1, len(found), figsize=(3 * len(found), 2.6), dpi=100, layout="constrained")
    for panel, (axis, seconds) in zip(panels, found, strict=True):
        panel.plot(axis.values, seconds, "o-")
        panel.set(xlabel=axis.unit, xlim=(0, 1.05 * max(axis.values)), ylim=(0, 1.1 * max(seconds)))
    panels[0].set_ylabel("seconds a clip")
    figure.suptitle(title)
    figure.savefig(path)


def main() -> None:
    parser = argparse.ArgumentParser(prog="scripts/bench-growth")
    parser.add_argument("--nocturne", required=True)
    parser.add_argument("--config", default="demo", choices=("demo", "paper", "tiny"))
    parser.add_argument("--rounds", type=positive, default=3)
    parser.add_argument(
        "--clips", type=positive, default=4, help="clips together while something else is varied"
    )
    parser.add_argument(
        "--seconds", type=length, default=LONGEST, help="length of a clip while something else is varied"
    )
    parser.add_argument("--batch", type=positive, default=16, help="most clips together")
    parser.add_argument("--out", type=Path, default=ROOT / "out" / "growth")
    options = parser.parse_args()
    try:
        options.out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        fail(f"{options.out}: {error.strerror}; choose another folder with --out")
    with tempfile.TemporaryDirectory() as scratch:
        bench = Bench(options.nocturne, options, Path(scratch))
        axes = bench.axes()
        times: dict[str, list[list[float]]] = {axis.name: [[] for _ in axis.values] for axis in axes}
        for number in range(options.rounds):
            print(f"== round {number + 1} of {options.rounds}", file=sys.stderr, flush=True)
            for axis in axes:
                for place, value in enumerate(axis.values):
                    times[axis.name][place].append(axis.measure(value))
    found = [(axis, [statistics.median(every) for every in times[axis.name]]) for axis in axes]
    print(f"{options.config}, {CORES} cores, medians of {options.rounds} rounds, seconds a clip;", end=" ")
    print(
        f"5 steps, {options.seconds:g} s, batch {options.clips}, {CORES} threads where nothing else is said"
    )
    for axis, seconds in found:
        report(axis, seconds)
    picture = options.out / f"growth-{options.config}.png"
    draw(picture, f"Nocturne, {options.config}", found)
    print(f"picture: {picture}")


if __name__ == "__main__":
    main()
