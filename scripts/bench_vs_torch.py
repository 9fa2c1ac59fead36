"""Nocturne and PyTorch in turn on the same work; run by scripts/bench-vs-torch."""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
from pathlib import Path

TRAINING = Path(__file__).resolve().parent.parent / "Training"
STAGES = ("text", "lm", "dpd", "vae")


def run(command: list[str], **options: object) -> dict:
    """Standard output of a command, one JSON object."""
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, **options)
    return json.loads(done.stdout)


def nocturne(options: argparse.Namespace, clips: int = 1, steps: int | None = None) -> dict:
    command = [
        options.nocturne,
        "bench",
        "render",
        "--config",
        options.config,
        "--clips",
        str(clips),
        "--json",
    ]
    command += [
        "--steps",
        str(steps or options.steps),
        "--threads",
        str(options.threads),
        "--precision",
        options.precision,
    ]
    if steps:
        command += ["--guidance", "1"]
    return run(command)


def dtype(options: argparse.Namespace) -> str:
    """What PyTorch computes in."""
    return "f32" if options.precision == "f32" else "bf16"


def torch(options: argparse.Namespace) -> dict[str, float]:
    command = [sys.executable, "-m", "nocturne_training.bench", "--config", options.config]
    command += ["--dtype", dtype(options), "--steps", str(options.steps)]
    command += ["--threads", str(options.threads), "--json"]
    stages = run(command, cwd=TRAINING)["stages"]
    return {stage["stage"]: stage["seconds_per_clip"] for stage in stages}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--nocturne", required=True)
    parser.add_argument("--config", default="paper")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--lm-batch", type=int, default=0)
    parser.add_argument("--precision", choices=("bf16", "int8", "f32"), default="bf16")
    options = parser.parse_args()

    ours: list[dict] = []
    theirs: list[dict[str, float]] = []
    for number in range(options.rounds):
        ours.append(nocturne(options))
        theirs.append(torch(options))
        print(f"round {number + 1} of {options.rounds} done", file=sys.stderr)

    print(
        f"{options.config}, one clip, {options.steps} steps, {options.threads} threads, "
        f"{options.precision} against PyTorch's {dtype(options)}; median seconds"
    )
    print(f"{'stage':8}{'Nocturne':>12}{'PyTorch':>12}{'ratio':>8}")
    sums = [0.0, 0.0]
    for stage in STAGES:
        a = statistics.median(r["stages"][stage]["seconds"] for r in ours)
        b = statistics.median(r[stage] for r in theirs)
        sums = [sums[0] + a, sums[1] + b]
        print(f"{stage:8}{a:12.3f}{b:12.3f}{b / a:8.2f}")
    print(f"{'whole':8}{sums[0]:12.3f}{sums[1]:12.3f}{sums[1] / sums[0]:8.2f}")
    print(f"Nocturne, of the best large product: {statistics.median(r['peak_fraction'] for r in ours):.2f}")

    if options.lm_batch > 1:
        # One step without guidance keeps the other stages short; the language model is the same.
        alone = [
            nocturne(options, clips=1, steps=1)["stages"]["lm"]["seconds"] for _ in range(options.rounds)
        ]
        together = [nocturne(options, clips=options.lm_batch, steps=1)["stages"]["lm"]["seconds"]]
        a, b = statistics.median(alone), statistics.median(together)
        print(
            f"lm per clip: {a:.3f} s at batch 1, {b:.3f} s at {options.lm_batch}: {a / b:.1f} times cheaper"
        )


if __name__ == "__main__":
    main()
