"""`python -m nocturne_training.measure --nocturne FILE --model DIR --out DIR`: measures a checkpoint.

Renders held-out captions with Nocturne, listens to them, and writes `DIR/table.md`, `DIR/figures.json` and
`DIR/clips.jsonl`; of another measurement than the usual one, into a folder of its own in DIR.
What is there already is kept, so the same command goes on where it was stopped.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch

from ..chain.corpus import made
from ..checkpoint import CheckpointError
from ..corpus.dataset import Corpus, CorpusError
from ..trainer.distributed import join
from ..trainer.errors import TrainingError
from ..trainer.memory import keep_freed
from ..trainer.settings import CorpusSettings
from .measurement import SCHEDULES, Measured, Measurement, Plan
from .renders import Renderer, Setting
from .table import markdown, plain, records, verdict

PRECISIONS = "auto", "bf16", "f32", "int8"
QUICK = Plan(captions=8, foreign=8, retold=8, epochs=2, settings=(Setting(5), Setting(10)))


def arguments(words: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="nocturne_training.measure", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("--nocturne", type=Path, required=True, help="the executable")
    parser.add_argument("--model", type=Path, required=True, help="a checkpoint directory with its encoders")
    parser.add_argument("--corpus", type=Path, help="the corpus it was trained on; made again if left out")
    parser.add_argument("--out", type=Path, required=True, help="where renders, probes and the table go")
    parser.add_argument(
        "--split", choices=("test", "valid"), default=Plan.split, help=f"which held-out clips ({Plan.split})"
    )
    parser.add_argument("--captions", type=int, help=f"how many held-out captions ({Plan.captions})")
    parser.add_argument(
        "--steps", type=_numbers, help="diffusion steps, the first judged for control (5,10,20)"
    )
    parser.add_argument(
        "--schedules", type=_schedules, help=f"some of {','.join(SCHEDULES)}; both if left out"
    )
    parser.add_argument("--seed", type=int, default=0, help="seed of the renders (0)")
    parser.add_argument("--precision", choices=PRECISIONS, default="auto", help="of the renders (auto)")
    parser.add_argument("--epochs", type=int, help=f"how long the probes learn ({Plan.epochs})")
    parser.add_argument("--musiccaps", type=Path, help="MusicCaps' CSV file; without it, its row is left out")
    parser.add_argument(
        "--control",
        action="store_true",
        help="only how often clips are what captions ask for, and cycle consistency, in five steps",
    )
    parser.add_argument("--quick", action="store_true", help="a few captions and hardly any learning: a try")
    parser.add_argument("--threads", type=int, help="CPU threads of PyTorch")
    return parser.parse_args(words)


def _numbers(text: str) -> tuple[int, ...]:
    numbers = tuple(int(word) for word in text.split(","))
    if not all(0 < number <= 1000 for number in numbers) or len({*numbers}) < len(numbers):
        raise argparse.ArgumentTypeError(f"{text}: different numbers from 1 to 1000, such as 5,10,20")
    return numbers


def _schedules(text: str) -> tuple[str, ...]:
    names = tuple(text.split(","))
    if any(name not in SCHEDULES for name in names):
        raise argparse.ArgumentTypeError(f"{text}: some of {','.join(SCHEDULES)}")
    return names


def provenance(model: Path) -> dict[str, Any]:
    """What the checkpoint says of the corpus it was trained on; empty where it says nothing."""
    try:
        manifest = json.loads((model / "manifest.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{model}/manifest.json: not readable ({error})") from None
    return manifest.get("provenance", {}).get("corpus", {})


def corpus(given: Path | None, said: dict[str, Any], out: Path) -> Corpus:
    """The corpus given, or the one the checkpoint was trained on, made again from its seed by the training
    chain's own command. Raises `CorpusError` where the checkpoint does not say which."""
    if given is not None:
        return Corpus.open(given)
    if said.get("kind") != "made":
        raise CorpusError(
            "the checkpoint names no corpus that can be made from a seed: give one with --corpus"
        )
    settings = CorpusSettings(said["hours"], said["seed"], said["soundfont"]["name"])
    return Corpus.open(made(out / "corpus", settings, join("cpu")))


def write(out: Path, found: Measured, facts: dict[str, Any]) -> None:
    """The three files, whole or not at all."""
    out.mkdir(parents=True, exist_ok=True)
    figures = {**facts, "rows": records(found.rows)}
    clips = "".join(json.dumps(clip, default=asdict, ensure_ascii=False) + "\n" for clip in found.clips)
    for name, text in (
        ("table.md", markdown(found.rows, facts["model"])),
        ("figures.json", json.dumps(figures, indent=1, ensure_ascii=False) + "\n"),
        ("clips.jsonl", clips),
    ):
        partial = out / f"{name}.partial"
        partial.write_text(text, encoding="utf-8")
        partial.replace(out / name)


def plan(options: argparse.Namespace) -> Plan:
    """How much the command line asks for."""
    whole = QUICK if options.quick else Plan()
    captions = options.captions or whole.captions
    settings = whole.settings
    if options.steps or options.schedules:
        steps = options.steps or dict.fromkeys(setting.steps for setting in settings)
        settings = [Setting(count, name) for name in options.schedules or SCHEDULES for count in steps]
    settings = [replace(setting, seed=options.seed, precision=options.precision) for setting in settings]
    if options.control:
        settings = settings[:1]
    foreign, retold = min(captions, whole.foreign), min(captions, whole.retold)
    epochs = options.epochs or whole.epochs
    return Plan(captions, foreign, retold, epochs, settings, options.split, options.control)


def folder(options: argparse.Namespace) -> Path:
    """Where the table goes: another measurement than the usual one takes no other table's place."""
    wanted, usual = plan(options), Plan()
    split = "" if wanted.split == usual.split else f"{wanted.split}-"
    parts = [f"{split}{options.precision}-seed-{options.seed}"]
    settings = [(one.schedule, one.steps) for one in wanted.settings]
    if settings != [(one.schedule, one.steps) for one in usual.settings]:
        parts += dict.fromkeys(schedule for schedule, _ in settings)
        parts += dict.fromkeys(str(steps) for _, steps in settings)
    parts += ["control"] if wanted.control else []
    parts += [] if wanted.captions == usual.captions else [f"{wanted.captions}-captions"]
    parts += [] if wanted.epochs == usual.epochs else [f"{wanted.epochs}-epochs"]
    return options.out if parts == ["auto-seed-0"] else options.out / "-".join(parts)


def main(words: list[str] | None = None) -> int:
    """Prints the table. 0 once it is measured, whatever it says; 1 for a fault, which is one line."""
    keep_freed()
    options = arguments(words)
    if options.threads:
        torch.set_num_threads(options.threads)
    torch.set_flush_denormal(True)
    try:
        said = provenance(options.model)
        held = corpus(options.corpus, said, options.out)
        if said.get("digest") != held.digest:
            say("the checkpoint was not trained on this corpus: held-out clips may not be new to it")
        renderer, wanted = Renderer(options.nocturne, options.model, options.out, say), plan(options)
        found = Measurement(held, renderer, wanted, options.musiccaps, say)()
        facts = {"model": renderer.fingerprint, "corpus": held.digest, "trained_on": said.get("digest")}
        write(
            folder(options),
            found,
            {
                **facts,
                **{name: getattr(wanted, name) for name in ("split", "captions", "epochs")},
                "settings": [asdict(setting) for setting in wanted.settings],
            },
        )
    except (CorpusError, TrainingError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"error: {error.filename or options.out}: {error.strerror or error}", file=sys.stderr)
        return 1
    print(plain(found.rows), end="")
    print(verdict(found.rows))
    return 0


def say(text: str) -> None:
    """What is being done, on standard error."""
    print(f"== {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
