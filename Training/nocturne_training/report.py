"""`python -m nocturne_training.report --out DIR`: what a training has learned, on clips it never saw.

Each stage's own validation, on the test split and more clips, plus what the semantic tokens tell about the
labels. Prints a table and writes `DIR/report.json`.
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
from .chain.record import Record
from .corpus.dataset import Clip, Corpus, CorpusError
from .information import entropy, mutual_information
from .models.tokenizer import Tokenizer
from .stages.clips import whole
from .stages.context import Context
from .stages.labels import able
from .stages.registry import STAGES, Stage, stages_of
from .trainer.distributed import join
from .trainer.errors import TrainingError
from .trainer.loop import Loop
from .trainer.settings import Settings
from .trainer.settings_file import load

LABELS = ("lead_family", "style", "tempo", "quality", "drums")

Figures = dict[str, float]


def stage_figures(stage: Stage, context: Context) -> Figures:
    """Validation of a finished stage's weights (their average where there is one) on the context's split.
    Raises `TrainingError` where the stage is not finished."""
    directory = context.stage(stage.name)
    record = Record.read(directory)
    if record is None:
        raise TrainingError(f"{directory}: not finished; run scripts/train first")
    task = stage.load()(context)
    if task is None:
        return {}
    own = getattr(context.settings, stage.name)
    loop = Loop(task, own, context.processes, directory, record.identity, shown=False)
    for module in task.modules.values():
        module.eval()
    with torch.no_grad(), loop.learned():
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


def report(context: Context, clips: int) -> dict[str, Figures]:
    """Figures of all stages that learn, by stage."""
    found = {
        stage.name: stage_figures(stage, context) for stage in stages_of(context.settings) if stage.learns
    }
    found["kmeans"] |= token_figures(context, clips)
    return found


def with_clips(chosen: Settings, clips: int) -> Settings:
    """The same settings with validation on so many clips."""
    names = [stage.name for stage in STAGES if stage.learns]
    return replace(chosen, **{name: replace(getattr(chosen, name), validation_clips=clips) for name in names})


def main(words: list[str] | None = None) -> int:
    """Returns the exit code; a fault is one line on standard error."""
    parser = argparse.ArgumentParser(
        prog="nocturne_training.report", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("--config", default="tiny", help="paper, demo, tiny, or a config.json")
    parser.add_argument(
        "--settings", help="paper, demo, tiny, or a YAML file; the configuration's name if left out"
    )
    parser.add_argument("--out", type=Path, required=True, help="the run directory of the training")
    parser.add_argument("--corpus", type=Path, help="the corpus it was trained on; DIR/corpus if left out")
    parser.add_argument("--split", choices=("valid", "test"), default="test")
    parser.add_argument("--clips", type=int, default=200)
    parser.add_argument("--device", choices=("cpu", "cuda"))
    options = parser.parse_args(words)
    try:
        corpus = options.corpus or options.out / "corpus"
        chosen = able(load(options.settings or options.config), Corpus.open(corpus))
        chosen = with_clips(chosen, options.clips)
        config = configuration.load(options.config)
        context = Context(options.out, corpus, config, chosen, join(options.device), options.split)
        found = report(context, options.clips)
        path = options.out / "report.json"
        path.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    except (TrainingError, CorpusError, ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    for stage, figures in found.items():
        for name, value in figures.items():
            print(f"{stage:10} {name:32} {value:.4g}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
