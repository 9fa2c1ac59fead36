"""Three steps of five trainers on this process's share of every batch: `sharing.py CORPUS OUT BATCH`, alone
or under torchrun. Writes the losses and every tensor that came out."""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

from nocturne_training.config import load
from nocturne_training.initialise import initialise
from nocturne_training.models.modules import build
from nocturne_training.stages.context import Context
from nocturne_training.stages.kmeans import KmeansTask
from nocturne_training.stages.mulan import MulanTask
from nocturne_training.stages.rvq import RvqTask
from nocturne_training.stages.tokenizer import TokenizerTask
from nocturne_training.stages.vae import VaeTask
from nocturne_training.stages.weights import write
from nocturne_training.trainer.distributed import Processes, join, leave
from nocturne_training.trainer.randomness import Order
from nocturne_training.trainer.settings import (
    KmeansSettings,
    MulanSettings,
    RvqSettings,
    Settings,
    TokenizerSettings,
    VaeSettings,
)
from nocturne_training.trainer.update import Update

TASKS = {"vae": VaeTask, "tokenizer": TokenizerTask, "kmeans": KmeansTask, "mulan": MulanTask, "rvq": RvqTask}


def run(corpus: Path, out: Path, batch: int, processes: Processes) -> dict[str, Tensor]:
    """Every task, from the same random modules of the stages before it."""
    config, found = load("tiny"), {}
    settings = Settings(
        vae=VaeSettings(steps=3, batch=batch, crop_frames=48, discriminator_width=2),
        tokenizer=TokenizerSettings(steps=3, batch=batch, crop_seconds=2.0),
        kmeans=KmeansSettings(steps=3, batch=batch, crop_seconds=2.0),
        mulan=MulanSettings(steps=3, batch=batch),
        rvq=RvqSettings(steps=3, batch=8 * batch, windows=2, text_share=0.5),
    )
    if processes.first:
        for stage, name in (("tokenizer", "tokenizer"), ("mulan", "mulan_audio"), ("mulan", "mulan_text")):
            (out / stage).mkdir(parents=True, exist_ok=True)
            module = build(name, config)
            initialise(module, name, 1)
            write(out / stage, name, module)
    processes.barrier()
    for name, kind in TASKS.items():
        task = kind(Context(out, corpus, config, settings, processes))
        update = Update(name, task.settings, task.groups, processes)
        order = Order(1, name, task.examples)
        for module in task.modules.values():
            # Batch statistics are those of a process, so they are left out of the comparison.
            module.eval()
        for step in range(3):
            update.step = step
            draws = order.draws(step, task.settings.batch, processes.rank, processes.world)
            metrics = task.optimise(task.batch(draws), step, update)
            loss = torch.as_tensor(next(iter(metrics.values()))).detach().float()
            found[f"{name}/loss/{step}"] = processes.mean(loss.clone())
        for key, module in task.modules.items():
            found |= {f"{name}/{key}/{k}": v.float().clone() for k, v in module.state_dict().items()}
    return found


if __name__ == "__main__":
    torch.set_num_threads(1)
    group = join("cpu")
    tensors = run(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), group)
    if group.first:
        save_file(tensors, Path(sys.argv[2]) / "tensors.safetensors")
    leave(0)
