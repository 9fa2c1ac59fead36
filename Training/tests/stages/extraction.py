"""A run directory as the earlier stages leave it, with untrained networks."""

from __future__ import annotations

import shutil
from pathlib import Path

import torch

from nocturne_training.chain.record import Record
from nocturne_training.chain.runner import Runner
from nocturne_training.config import load
from nocturne_training.initialise import initialise
from nocturne_training.models.modules import build
from nocturne_training.stages.context import Context
from nocturne_training.stages.registry import CORPUS, stage_of
from nocturne_training.stages.weights import write
from nocturne_training.trainer.distributed import Processes
from nocturne_training.trainer.settings import Settings, ShardSettings

ALONE = Processes(0, 1, torch.device("cpu"))
SHARDS = ShardSettings(shard_clips=3, batch=2)
SETTINGS = Settings(extract=SHARDS, latents=SHARDS)


def untrained(directory: Path, corpus: Path, settings: Settings = SETTINGS) -> Context:
    """Modules and records of all stages before the extraction."""
    config, stages = load("tiny"), [stage_of(settings, name) for name in ("extract", "latents")]
    sources = {name: stage.source(name) for stage in stages for name in stage.takes if name != CORPUS}
    for name, stage in sources.items():
        folder = directory / stage
        folder.mkdir(parents=True, exist_ok=True)
        module = build(name, config)
        initialise(module, name, 1)
        if name == "vae_encoder":
            # Latents that fill the range, as a trained encoder's do.
            module.conv_post.weight.data[: config.latent_dim] *= 24.0
        write(folder, name, module)
    for stage in dict.fromkeys(sources.values()):
        record = Record.of(stage, "", directory / stage, steps=0, seconds=0.0, device="cpu", figures={})
        record.write(directory / stage)
    return Context(directory, corpus, config, settings, ALONE)


def extracted_run(directory: Path, corpus: Path) -> Path:
    """The same with the extraction done."""
    assert Runner(untrained(directory, corpus), shown=False).run(("extract", "latents"))
    return directory


def copy_of(run: Path, directory: Path) -> Path:
    """A run directory of its own that has the extraction and the quantiser only."""
    for stage in ("extract", "latents", "rvq"):
        shutil.copytree(run / stage, directory / stage)
    return directory
