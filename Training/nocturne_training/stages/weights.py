"""Learned modules on disk: the plain tensors, without the training's parametrisations."""

from __future__ import annotations

from pathlib import Path

from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn.utils import parametrize


def plain_state(module: nn.Module) -> dict[str, Tensor]:
    """State of a module with weight norm folded into the weights: the keys of the same module without it."""
    state = {
        key: value for key, value in module.state_dict().items() if ".parametrizations." not in f".{key}"
    }
    for name, part in module.named_modules():
        if parametrize.is_parametrized(part):
            for key in part.parametrizations:
                state[f"{name}.{key}"] = getattr(part, key)
    return {key: value.detach().cpu().contiguous().clone() for key, value in state.items()}


def write(directory: Path, name: str, module: nn.Module) -> Path:
    """Writes `<name>.safetensors`, all tensors of the module, atomically."""
    partial, path = directory / f"{name}.partial", directory / f"{name}.safetensors"
    save_file(plain_state(module), partial)
    partial.replace(path)
    return path
