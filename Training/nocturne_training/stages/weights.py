"""Learned modules on disk: the plain tensors, without the training's parametrisations."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn.utils import parametrize

from ..checkpoint import write_tensors
from ..trainer.errors import TrainingError


def plain_state(module: nn.Module) -> dict[str, Tensor]:
    """State of a module with weight norm folded into the weights: the keys of the same module without it;
    what an installed package carries (`MulanText.borrowed`) is left out."""
    state = {
        key: value for key, value in module.state_dict().items() if ".parametrizations." not in f".{key}"
    }
    for name, part in module.named_modules():
        if parametrize.is_parametrized(part):
            for key in part.parametrizations:
                state[f"{name}.{key}"] = getattr(part, key)
    borrowed = getattr(module, "borrowed", ())
    return {
        key: value.detach().cpu().contiguous().clone()
        for key, value in state.items()
        if not key.startswith(borrowed)
    }


def write(directory: Path, name: str, module: nn.Module) -> Path:
    """Writes `<name>.safetensors`, the module's own tensors, atomically."""
    path = directory / f"{name}.safetensors"
    write_tensors(path, plain_state(module))
    return path


@torch.no_grad()
def fill(module: nn.Module, path: Path) -> None:
    """Gives a module the plain tensors of a file, through its parametrisations where it has some; counters,
    which a checkpoint does not hold, stay. Raises `TrainingError` where keys or shapes differ."""
    found, wanted = load_file(path), plain_state(module)
    wanted = {key: value for key, value in wanted.items() if key in found or value.is_floating_point()}
    differing = sorted(found.keys() ^ wanted.keys())
    differing += [key for key in found.keys() & wanted.keys() if found[key].shape != wanted[key].shape]
    if differing:
        raise TrainingError(f"{path}: {differing[0]} does not fit this configuration; start without it")
    for name, part in module.named_modules():
        for key in part.parametrizations if parametrize.is_parametrized(part) else ():
            setattr(part, key, found.pop(f"{name}.{key}").to(getattr(part, key)))
    _copy(module, found)


def fill_from(start: Path | None, name: str, module: nn.Module) -> Path | None:
    """Fills a module from the checkpoint directory to start from -> the file, or None where there is none."""
    path = start / f"{name}.safetensors" if start else None
    if path is None or not path.exists():
        return None
    fill(module, path)
    return path


def _copy(module: nn.Module, values: Mapping[str, Tensor]) -> None:
    state = module.state_dict()
    for key, value in values.items():
        state[key].copy_(value)
