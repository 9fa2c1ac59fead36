"""`python -m nocturne_training.train`: runs, resumes and redoes the stages of a training.

python -m nocturne_training.train --config tiny --out DIR
torchrun --nproc-per-node 2 -m nocturne_training.train --config tiny --corpus CORPUS --out DIR --stage dpd
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Any

import torch
import yaml

from . import config as configuration
from .chain.corpus import made
from .chain.runner import Runner
from .corpus.dataset import CorpusError
from .stages.context import Context
from .stages.registry import NAMES
from .trainer import settings
from .trainer.distributed import join, leave
from .trainer.errors import TrainingError

UNFINISHED = 75
"""Exit code where time ran out and the same command goes on (EX_TEMPFAIL)."""


def arguments(words: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="nocturne_training.train", description="Trains MeLoDy, stage by stage."
    )
    parser.add_argument("--config", default="tiny", help="paper, demo, tiny, or a config.json")
    parser.add_argument(
        "--settings",
        help=f"{', '.join(settings.SIZED)}, or a YAML file; if left out those of the configuration, on a GPU "
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
    parser.add_argument("--device", choices=("cpu", "cuda"), help="cuda where there is one if left out")
    parser.add_argument("--threads", type=int, help="CPU threads of PyTorch")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="STAGE.KEY=VALUE",
        help="replaces one value of the settings",
    )
    parser.add_argument("--quiet", action="store_true", help="no progress bars")
    return parser.parse_args(words)


def _stages(text: str) -> tuple[str, ...]:
    names = tuple(text.split(","))
    unknown = [name for name in names if name not in NAMES]
    if unknown:
        raise argparse.ArgumentTypeError(f"no stage {unknown[0]}; they are {', '.join(NAMES)}")
    return names


def _changes(pairs: list[str]) -> dict[str, Any]:
    changes = {}
    for pair in pairs:
        key, separator, value = pair.partition("=")
        if not separator or "." not in key:
            raise TrainingError(f"--set {pair}: expected STAGE.KEY=VALUE, such as vae.batch=4")
        changes[key] = yaml.safe_load(value)
    return changes


def main(words: list[str] | None = None) -> int:
    """Returns the exit code: 0 finished, 1 a fault (one line on standard error), 75 stopped before the
    end."""
    options = arguments(words)
    if options.threads:
        torch.set_num_threads(options.threads)
    torch.set_flush_denormal(True)
    deadline = None if options.max_minutes is None else time.monotonic() + 60 * options.max_minutes
    try:
        changes, config = _changes(options.set), configuration.load(options.config)
        processes = join(options.device)
        sized = settings.named(options.config, processes.device.type)
        chosen = settings.load(options.settings or sized, changes)
        corpus = options.corpus or made(options.out / "corpus", chosen.corpus, processes)
        context = Context(options.out, corpus, config, chosen, processes, start=options.start)
        runner = Runner(context, deadline=deadline, shown=not options.quiet)
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
    return 0 if finished else UNFINISHED


if __name__ == "__main__":
    leave(main())
