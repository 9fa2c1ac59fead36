"""A training's checkpoint: one file, replaced atomically, that holds all a resumed run needs."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from .average import Average
from .errors import TrainingError
from .update import Update

FORMAT = 1


def save(
    path: Path,
    identity: str,
    step: int,
    seconds: float,
    modules: Mapping[str, nn.Module],
    update: Update,
    average: Average | None,
) -> None:
    """Writes the state after `step` steps. A kill at any moment leaves either the old or the new file; so
    does a full disk, which raises `TrainingError`."""
    state = {
        "format": FORMAT,
        "identity": identity,
        "step": step,
        "seconds": seconds,
        "modules": {name: module.state_dict() for name, module in modules.items()},
        "optimizers": {name: optimizer.state_dict() for name, optimizer in update.optimizers.items()},
        "average": average.values if average else {},
    }
    partial = path.with_suffix(".partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("wb") as file:
            torch.save(state, file)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except (OSError, RuntimeError) as error:
        partial.unlink(missing_ok=True)
        kept = f"{path} still holds the last good one" if path.exists() else "there is none yet"
        reason = getattr(error, "strerror", None) or str(error).splitlines()[0]
        raise TrainingError(
            f"{path}: the checkpoint of step {step} was not written ({reason}); {kept}"
        ) from error


def read(path: Path, device: torch.device) -> dict[str, Any]:
    """The state on disk. Raises `TrainingError` where it is damaged or of another format."""
    try:
        state = torch.load(path, map_location=device, weights_only=True)
    except Exception as error:
        raise TrainingError(
            f"{path}: not a readable checkpoint ({type(error).__name__}); remove it to start over"
        ) from error
    if not isinstance(state, dict) or state.get("format") != FORMAT:
        raise TrainingError(f"{path}: not a training checkpoint of format {FORMAT}; remove it to start over")
    return state


def restore(
    path: Path,
    identity: str,
    modules: Mapping[str, nn.Module],
    update: Update,
    average: Average | None,
) -> tuple[int, float]:
    """Fills networks, optimisers and average from the file -> steps done and seconds spent. Raises
    `TrainingError` if it belongs to another training."""
    state = read(path, update.processes.device)
    if state["identity"] != identity:
        raise TrainingError(
            f"{path}: a checkpoint of another configuration, corpus or earlier stage; "
            f"move {path.parent} away to train anew, or go on with the settings it was made with"
        )
    try:
        for name, module in modules.items():
            module.load_state_dict(state["modules"][name])
        for name, optimizer in update.optimizers.items():
            optimizer.load_state_dict(state["optimizers"][name])
        values: dict[str, Tensor] = state["average"]
        for key, tensor in average.values.items() if average else ():
            tensor.copy_(values[key])
    except (KeyError, RuntimeError, ValueError) as error:
        lines = str(error).splitlines()
        first = lines[min(1, len(lines) - 1)].strip()
        raise TrainingError(
            f"{path}: does not go with these settings ({first}); name those it was made with"
        ) from error
    return state["step"], state["seconds"]
