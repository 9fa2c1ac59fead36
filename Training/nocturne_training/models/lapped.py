"""Starts the VAE (5.2, 5.3) as a linear codec: a modulated lapped transform (Malvar, 1992), of which the
lowest `latent_dim` coefficients are kept, one frame a latent. From the usual random start it takes thousands
of steps to find out that the latents can carry a waveform at all.

The pieces of a convolutional network can pass a linear signal on: channels in pairs of opposite sign survive
the leaky rectifiers, since lrelu(x) - lrelu(-x) = (1 + slope) x. At each rate a position holds the discrete
cosine transform of the block of samples that it stands for, as many coefficients as there are pairs. Channels
beyond those keep their random start.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from .residual import SLOPE, Downsample, MultiReceptiveField, Upsample
from .vae import LAST_SLOPE, VaeDecoder, VaeEncoder

RESIDUAL = 0.01
"""What the residual branches start with, as a share of their usual gain."""
DEVIATION = 0.67
"""Of the latents' means at the start. Tones peak far above it, and the range ends at 3 (`latent_scale`)."""


def cosines(count: int, length: int) -> Tensor:
    """The first `count` rows of the orthonormal DCT-II [count, length]"""
    rows, columns = torch.arange(count)[:, None], torch.arange(length)[None]
    basis = torch.cos(torch.pi * (columns + 0.5) * rows / length) * (2.0 / length) ** 0.5
    basis[0] *= 0.5**0.5
    return basis


def lapped(count: int, hop: int) -> Tensor:
    """The first `count` functions of the modulated lapped transform with the sine window [count, 2 hop]. Each
    has norm 1, and stands at right angles to the others and to those of every other frame."""
    rows, columns = torch.arange(count)[:, None], torch.arange(2 * hop)[None]
    window = torch.sin(torch.pi * (columns + 0.5) / (2 * hop))
    return window * torch.cos(torch.pi / hop * (columns + 0.5 + hop / 2) * (rows + 0.5)) * (2.0 / hop) ** 0.5


@torch.no_grad()
def start_as_lapped_transform(encoder: VaeEncoder, decoder: VaeDecoder, hop: int, audio: Tensor) -> None:
    """Sets the weights of both. `audio` [batch, N] gives the scale of each coefficient: on it the latents'
    means have the deviation `DEVIATION`."""
    latents = encoder.conv_post.out_channels // 2
    functions = lapped(latents, hop)
    frames = torch.nn.functional.conv1d(audio[:, None].cpu(), functions[:, None], stride=hop)
    deviations = frames.transpose(0, 1).flatten(1).std(dim=1).clamp(min=1e-4) / DEVIATION
    damp_residuals(encoder, decoder)
    _analyse(encoder, functions / deviations[:, None], hop)
    _synthesise(decoder, functions * deviations[:, None] * encoder.latent_scale, hop)


def damp_residuals(*modules: nn.Module) -> None:
    """Lets signals pass the residual blocks nearly unchanged."""
    for module in modules:
        for part in module.modules():
            if isinstance(part, MultiReceptiveField):
                for block in part:
                    for second in block.convs2:
                        second.parametrizations.weight.original0.mul_(RESIDUAL)
                        second.bias.mul_(RESIDUAL)


def _analyse(encoder: VaeEncoder, functions: Tensor, hop: int) -> None:
    held = fold(encoder.conv_pre, encoder.downs)
    middle = encoder.conv_post.kernel_size[0] // 2
    taps = {middle + r: functions[:, r * hop : (r + 1) * hop] @ held.T for r in range(2)}
    assign(encoder.conv_post, taps, SLOPE, paired=False)


def _synthesise(decoder: VaeDecoder, functions: Tensor, hop: int) -> None:
    middle = decoder.conv_pre.kernel_size[0] // 2
    held = cosines(min(hop, decoder.conv_pre.out_channels // 2), hop)
    taps = {middle - r: held @ functions[:, r * hop : (r + 1) * hop].T for r in range(2)}
    assign(decoder.conv_pre, taps, None, paired=True)
    unfold(decoder.ups, held)
    assign(decoder.conv_post, {middle: torch.ones(1, 1)}, LAST_SLOPE, paired=False)


def fold(first: nn.Conv1d, downs: Iterable[Downsample]) -> Tensor:
    """Lets each layer join its positions into longer blocks, and hold their cosines -> those of the last
    layer [count, length]"""
    assign(first, {first.kernel_size[0] // 2: torch.ones(1, 1)}, None, paired=True)
    held = torch.ones(1, 1)
    for down in downs:
        rate, before = down.stride[0], held
        block = before.shape[1]
        held = cosines(min(rate * block, down.out_channels // 2), rate * block)
        taps = {down.sides[0] + r: held[:, r * block : (r + 1) * block] @ before.T for r in range(rate)}
        assign(down, taps, SLOPE, paired=True)
    return held


def unfold(ups: Iterable[Upsample], held: Tensor) -> None:
    """Lets each layer divide the blocks of which `held` are cosines [count, length], down to samples."""
    for up in ups:
        before, rate = held, up.stride[0]
        block = before.shape[1] // rate
        held = cosines(min(block, up.out_channels // 2), block)
        taps = {up.trim[0] + r: held @ before[:, r * block : (r + 1) * block].T for r in range(rate)}
        assign(up, taps, SLOPE, paired=True)


def assign(layer: nn.Module, taps: dict[int, Tensor], slope: float | None, *, paired: bool) -> None:
    """Puts a linear map at some taps of a convolution, [outputs, inputs] each, and clears the others of these
    outputs. `slope` says that the inputs come in rectified pairs; None that they are plain. `paired` outputs
    come in pairs."""
    transposed = isinstance(layer, nn.ConvTranspose1d)
    weight = layer.weight.detach().clone()
    weight = weight.transpose(0, 1) if transposed else weight
    outputs = next(iter(taps.values())).shape[0] * (2 if paired else 1)
    inputs = next(iter(taps.values())).shape[1] * (1 if slope is None else 2)
    # Next to nothing, and not zero: weight norm divides by what comes from an input.
    weight[:outputs, inputs:] *= 0.1 * RESIDUAL
    weight[:outputs, :inputs] = 0.0
    layer.bias[:outputs] = 0.0
    for tap, matrix in taps.items():
        matrix = matrix.to(weight)
        if slope is not None:
            matrix = torch.stack([matrix, -matrix], dim=2).flatten(1) / (1.0 + slope)
        if paired:
            matrix = torch.stack([matrix, -matrix], dim=1).flatten(0, 1)
        weight[: matrix.shape[0], : matrix.shape[1], tap] = matrix
    layer.weight = weight.transpose(0, 1) if transposed else weight
