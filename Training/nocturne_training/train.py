"""`python -m nocturne_training.train`: runs, resumes and redoes the stages of a training.

python -m nocturne_training.train --config tiny --out DIR
torchrun --nproc-per-node 2 -m nocturne_training.train --config tiny --corpus CORPUS --out DIR --stage dpd
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

import torch

from . import config as configuration
from .chain.corpus import made
from .chain.runner import Runner
from .chain.side_by_side import UNFINISHED, SideBySide
from .corpus.dataset import Corpus, CorpusError
from .stages.adopted import ADOPTABLE, adopting
from .stages.context import Context
from .stages.labels import able
from .stages.registry import NAMES, Stage, stages_of
from .trainer.distributed import join, leave
from .trainer.errors import TrainingError
from .trainer.memory import keep_freed
from .trainer.settings import Settings
from .trainer.settings_file import SIZED, changes, load, named

JOBS = {"cpu": 1, "cuda": 3}
"""Stages side by side: no stage leaves cores idle, and none of `demo` fills a GPU."""
TELL = 60.0
"""Seconds after which stages side by side say again how far they are."""


def arguments(words: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="nocturne_training.train", description="Trains MeLoDy, stage by stage."
    )
    parser.add_argument("--config", default="tiny", help="paper, demo, tiny, or a config.json")
    parser.add_argument(
        "--settings",
        help=f"{', '.join(SIZED)}, or a YAML file; if left out those of the configuration, on a GPU "
        "those sized for one",
    )
    parser.add_argument("--corpus", type=Path, help="a corpus directory; if left out, DIR/corpus is made")
    parser.add_argument("--out", type=Path, required=True, help="where checkpoints, logs and modules go")
    parser.add_argument(
        "--stage", type=_stages, default=NAMES, help=f"some of {','.join(NAMES)}; all if left out"
    )
    parser.add_argument(
        "--redo", type=_stages, default=(), help="stages to begin again though they are finished"
    )
    parser.add_argument(
        "--max-minutes", type=float, help="stop with a checkpoint after this time (exit code 75)"
    )
    parser.add_argument("--from", dest="start", type=Path, help="a checkpoint directory to start from")
    parser.add_argument(
        "--adopt",
        type=_adoptable,
        default=(),
        help="stages that learn nothing: what they would leave is that checkpoint's, to go on from, such as "
        "vae,kmeans,mulan,rvq,lm",
    )
    parser.add_argument("--device", choices=("cpu", "cuda"), help="cuda where there is one if left out")
    parser.add_argument("--threads", type=int, help="CPU threads of PyTorch")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="STAGE.KEY=VALUE",
        help="replaces one value of the settings",
    )
    parser.add_argument(
        "--jobs",
        type=int,
        help="stages side by side, each in a process of its own as soon as what it needs is finished; if "
        f"left out {JOBS['cuda']} on a GPU, else {JOBS['cpu']}",
    )
    parser.add_argument("--quiet", action="store_true", help="no progress bars")
    return parser.parse_args(words)


def _stages(text: str) -> tuple[str, ...]:
    names = tuple(text.split(","))
    unknown = [name for name in names if name not in NAMES]
    if unknown:
        raise argparse.ArgumentTypeError(f"no stage {unknown[0]}; they are {', '.join(NAMES)}")
    return names


def _adoptable(text: str) -> tuple[str, ...]:
    names = _stages(text)
    for name in names:
        if name not in ADOPTABLE:
            raise argparse.ArgumentTypeError(
                f"a checkpoint holds nothing that {name} leaves; only of {', '.join(ADOPTABLE)}"
            )
    return names


def _require_stages(chosen: Settings, options: argparse.Namespace) -> None:
    present = [stage.name for stage in stages_of(chosen)]
    picked = () if options.stage == NAMES else (*options.stage, *options.redo)
    for option, names in (("--stage", picked), ("--adopt", options.adopt)):
        for name in names:
            if name not in present:
                raise TrainingError(
                    f"{option} {name}: these settings leave it out; they have {', '.join(present)}"
                )


def _side_by_side(
    options: argparse.Namespace, corpus: Path, chosen: Settings, jobs: int, deadline: float | None
) -> int:
    """The stages in processes of their own; the exit code."""
    given = {
        "--config": options.config,
        "--settings": options.settings,
        "--out": options.out,
        "--corpus": corpus,
    }
    given |= {"--from": options.start, "--device": options.device}
    given["--threads"] = options.threads or max(1, (os.cpu_count() or 1) // jobs)
    shared = [word for key, value in given.items() if value is not None for word in (key, str(value))]
    shared += [word for change in options.set for word in ("--set", change)]
    shared += ["--adopt", ",".join(options.adopt)] if options.adopt else []

    def command(stage: Stage) -> list[str]:
        words = [sys.executable, "-m", "nocturne_training.train", "--stage", stage.name, "--quiet", *shared]
        words += ["--redo", stage.name] if stage.name in options.redo else []
        left = None if deadline is None else max(0.0, deadline - time.monotonic()) / 60
        return words if left is None else [*words, "--max-minutes", f"{left:.4f}"]

    found = adopting(stages_of(chosen), options.adopt)
    stages = [stage for stage in found if stage.name in options.stage]
    return SideBySide(command, options.out, jobs, tell=0.0 if options.quiet else TELL).run(stages)


def main(words: list[str] | None = None) -> int:
    """Returns the exit code: 0 finished, 1 a fault (one line on standard error), 75 stopped before the
    end."""
    options = arguments(words)
    if options.threads:
        torch.set_num_threads(options.threads)
    torch.set_flush_denormal(True)
    deadline = None if options.max_minutes is None else time.monotonic() + 60 * options.max_minutes
    try:
        wanted, config = changes(options.set), configuration.load(options.config)
        processes = join(options.device)
        if processes.device.type == "cpu":
            keep_freed()
        sized = named(options.config, processes.device.type)
        chosen = load(options.settings or sized, wanted)
        _require_stages(chosen, options)
        corpus = options.corpus or made(options.out / "corpus", chosen.corpus, processes)
        asked, chosen = chosen, able(chosen, Corpus.open(corpus))
        _require_stages(chosen, options)
        if chosen != asked and processes.first and not options.quiet:
            print(f"{corpus}: no training clip has labels, so nothing is tuned for them", flush=True)
        jobs = JOBS[processes.device.type] if options.jobs is None else options.jobs
        if jobs > 1 and processes.world == 1 and len(options.stage) > 1:
            return _side_by_side(options, corpus, chosen, jobs, deadline)
        context = Context(options.out, corpus, config, chosen, processes, start=options.start)
        runner = Runner(context, deadline=deadline, shown=not options.quiet, adopted=options.adopt)
        finished = runner.run(options.stage, options.redo)
    except OSError as error:
        place, reason = error.filename or options.out, error.strerror or str(error)
        print(
            f"error: {place}: {reason}; mend it and run the same command again, which goes on",
            file=sys.stderr,
        )
        return 1
    except (TrainingError, CorpusError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("error: interrupted; the same command goes on", file=sys.stderr)
        return UNFINISHED
    return 0 if finished else UNFINISHED


if __name__ == "__main__":
    leave(main())
