"""`python -m nocturne_training.report --out DIR`: what a training has learned, on clips it never saw.

Each stage's own validation, on the test split and more clips, plus what the semantic tokens tell about the
labels. Prints a table and writes `DIR/report.json`. The settings are those that each stage was run with.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from . import config as configuration
from .chain.record import Record, recorded
from .corpus.dataset import Clip, Corpus, CorpusError
from .information import entropy, mutual_information
from .models.tokenizer import Tokenizer
from .stages.clips import whole
from .stages.context import Context
from .stages.labels import able
from .stages.registry import STAGES, Stage, stage_of, stages_of
from .stages.weights import fill
from .trainer.distributed import join
from .trainer.errors import TrainingError
from .trainer.loop import STATE, Loop
from .trainer.settings import Settings
from .trainer.settings_file import changes, load, named, of
from .trainer.task import Task

LABELS = ("lead_family", "style", "tempo", "quality", "drums")

Figures = dict[str, float]


def stage_figures(stage: Stage, context: Context) -> Figures | None:
    """Validation of a finished stage's weights (their average where there is one) on the context's split;
    None where that needs more than the stage has left, as one that was adopted has no quantiser or
    temperature. Raises `TrainingError` where the stage is not finished."""
    directory = context.stage(stage.name)
    record = Record.read(directory)
    if record is None:
        raise TrainingError(f"{directory}: not finished; run scripts/train first")
    kind, own = stage.load(), getattr(context.settings, stage.name)
    if not (directory / STATE).exists():
        return _left_figures(stage, kind(context), context) if kind.self_contained else None
    task = kind(context)
    loop = Loop(task, own, context.processes, directory, record.identity, shown=False)
    with loop.learned():
        return _validated(task)


def _left_figures(stage: Stage, task: Task, context: Context) -> Figures:
    """The same of the modules that a stage has left."""
    export = stage_of(context.settings, "export")
    for name, module in task.exports().items():
        fill(module, context.left(stage.name if name in stage.leaves else export.source(name), name))
    return _validated(task)


@torch.no_grad()
def _validated(task: Task) -> Figures:
    for module in task.modules.values():
        module.eval()
    return task.validate()


def token_figures(context: Context, clips: int) -> Figures:
    """Mutual information in bits of semantic tokens and each label of the clips, beside the label's entropy
    and the same with labels shuffled between clips."""
    tokenizer = context.taken("export", "tokenizer")
    assert isinstance(tokenizer, Tokenizer)
    labelled = [clip for clip in context.corpus.split(context.held_out)[:clips] if clip.labels]
    tokens = [_tokens(tokenizer, clip, context) for clip in labelled]
    figures = {}
    for name in LABELS:
        known = [
            (t, clip.labels[name]) for t, clip in zip(tokens, labelled, strict=True) if name in clip.labels
        ]
        if len({value for _, value in known}) < 2:
            continue
        codes = np.concatenate([t.numpy() for t, _ in known])
        classes = np.unique([str(value) for _, value in known], return_inverse=True)[1]
        shuffled = np.random.default_rng(1).permutation(classes)
        frames = [len(t) for t, _ in known]
        figures[f"{name}_bits"] = mutual_information(codes, np.repeat(classes, frames))
        figures[f"{name}_bits_shuffled"] = mutual_information(codes, np.repeat(shuffled, frames))
        figures[f"{name}_entropy"] = entropy(classes)
    return figures


@torch.no_grad()
def _tokens(tokenizer: Tokenizer, clip: Clip, context: Context) -> Tensor:
    samples = context.config.clip_seconds * context.config.sample_rate
    return tokenizer.tokens(whole([clip], samples).to(context.processes.device))[0].cpu()


def report(context: Context, clips: int) -> dict[str, Figures | None]:
    """Figures of all stages that learn, by stage, and those of the tokens."""
    found = {
        stage.name: stage_figures(stage, context) for stage in stages_of(context.settings) if stage.learns
    }
    return found | {"tokens": token_figures(context, clips)}


def with_clips(chosen: Settings, clips: int) -> Settings:
    """The same settings with validation on so many clips."""
    names = [stage.name for stage in STAGES if stage.learns]
    return replace(chosen, **{name: replace(getattr(chosen, name), validation_clips=clips) for name in names})


def _settings(options: argparse.Namespace, device: str) -> Settings:
    wanted, left = changes(options.set), recorded(options.out)
    if options.settings or not left:
        return load(options.settings or named(options.config, device), wanted)
    return of(options.out, left, wanted)


def main(words: list[str] | None = None) -> int:
    """Returns the exit code; a fault is one line on standard error."""
    parser = argparse.ArgumentParser(
        prog="nocturne_training.report", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("--config", default="tiny", help="paper, demo, tiny, or a config.json")
    parser.add_argument(
        "--settings", help="a named one or a YAML file; if left out those that the stages were run with"
    )
    parser.add_argument(
        "--set", action="append", default=[], metavar="STAGE.KEY=VALUE", help="replaces one value of these"
    )
    parser.add_argument("--out", type=Path, required=True, help="the run directory of the training")
    parser.add_argument("--corpus", type=Path, help="the corpus it was trained on; DIR/corpus if left out")
    parser.add_argument("--split", choices=("valid", "test"), default="test")
    parser.add_argument("--clips", type=int, default=200)
    parser.add_argument("--device", choices=("cpu", "cuda"))
    options = parser.parse_args(words)
    try:
        corpus = options.corpus or options.out / "corpus"
        processes = join(options.device)
        chosen = able(_settings(options, processes.device.type), Corpus.open(corpus))
        chosen = with_clips(chosen, options.clips)
        config = configuration.load(options.config)
        context = Context(options.out, corpus, config, chosen, processes, options.split)
        found = report(context, options.clips)
        path = options.out / "report.json"
        path.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    except (TrainingError, CorpusError, ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    for stage, figures in found.items():
        if figures is None:
            print(f"{stage:14} {'(adopted; only a training has what measures it)'}")
        for name, value in (figures or {}).items():
            print(f"{stage:14} {name:32} {value:.4g}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
