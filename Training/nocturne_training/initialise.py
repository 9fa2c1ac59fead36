"""Random weights that are a pure function of (seed, module, key): ARCHITECTURE.md, "Random numbers", stage 3.

Meant for tests and fixtures: every gain, bias and gate gets a value of its own, so that a swapped or
forgotten tensor shows, and scales keep the activations of every stage near unit size.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor, nn

from .random import WEIGHT_INITIALISATION, normal, weight_lane

_GAINS = {"head": 2.0, "output": 0.5, "conv_post": 0.3, "projection": 2.0}
"""Standard deviations times the root of the inputs, where it is not 1: varied tokens, latents and audio in
range."""


def _spread(key: str, shape: torch.Size) -> tuple[float, float]:
    """Mean and standard deviation of one tensor."""
    leaf = key.rsplit(".", 2)[-2:]
    if "norm" in key.lower() and leaf[-1] == "weight":
        return 1.0, 0.1
    if leaf[-1] == "bias":
        return (1.0 if "film.gamma.2" in key else 0.0), 0.1
    fixed = {"weight_c": 0.7, "codebooks": 0.12, "start": 1.0, "end": 1.0}
    if leaf[-1] in fixed:
        return 0.0, fixed[leaf[-1]]
    tables = {"word_embeddings": 1.0, "position_embeddings": 0.3, "token_type_embeddings": 0.3}
    tables |= {"embedding": 1.0, "table": 1.0}
    if leaf[0] in tables:
        return 0.0, tables[leaf[0]]
    fan_in = shape[0] if key.startswith("ups.") else math.prod(shape[1:])
    return 0.0, _GAINS.get(leaf[0], 0.4 if ".convs2." in key else 1.0) / math.sqrt(fan_in)


def initial_value(seed: int, module: str, key: str, shape: torch.Size) -> Tensor:
    """One tensor of normal values, f32."""
    mean, deviation = _spread(key, shape)
    values = normal(seed, WEIGHT_INITIALISATION, weight_lane(module, key), 0, math.prod(shape))
    return torch.from_numpy((mean + deviation * values.astype(np.float64)).astype(np.float32)).reshape(shape)


@torch.no_grad()
def initialise(module: nn.Module, name: str, seed: int, dtype: torch.dtype = torch.float32) -> None:
    """Fills every floating tensor of `module`, which is the checkpoint file `name`; values are rounded to
    `dtype`."""
    for key, tensor in module.state_dict().items():
        if tensor.is_floating_point():
            value = initial_value(seed, name, key, tensor.shape).to(dtype)
            tensor.copy_(value.abs() + 0.5 if key.endswith("running_var") else value)
