"""Starts the tokenizer's extractor (2.1) as a bank of band filters, of which it tells the envelopes. From a
random start the contrastive loss stays at chance for hundreds of steps, and the tokens say little about the
music.

The first layer is a modulated lapped transform, every later one transforms each of its bands over the few
positions that it joins into one, which halves or thirds the bands: a tree of wavelet packets. What no longer
finds room is rectified, the highest bands first, and from there on only averaged. That leaves wide bands at
the top and narrow ones at the bottom, as the ear has them. A band passes through GELU as a pair of channels
of opposite sign, since gelu(x) - gelu(-x) = x; the sum of the two is about |x|. Channels beyond those keep
their random start.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from .lapped import cosines, lapped
from .tokenizer import Extractor


@dataclass
class _Bank:
    """What the channels of a layer hold: `pairs` of bands as waves, then `envelopes`. `responses` are the
    waves' impulse responses [pairs, samples]."""

    responses: Tensor
    envelopes: int

    @property
    def pairs(self) -> int:
        return len(self.responses)

    def ascending(self) -> Tensor:
        """Indices of the waves by the centre of their spectrum."""
        if not self.pairs:
            return torch.zeros(0, dtype=torch.long)
        power = torch.fft.rfft(self.responses, 8 * self.responses.shape[1]).abs().square()
        centre = (power * torch.arange(power.shape[1])).sum(dim=1) / power.sum(dim=1)
        return centre.argsort()


@torch.no_grad()
def start_as_wavelet_packets(extractor: Extractor, audio: Tensor) -> None:
    """Sets the weights. On `audio` [B, N], prepared as `Tokenizer.extract` does, every envelope has the mean
    1."""
    layers = [layer.conv for layer in extractor.conv_layers]
    rate = layers[0].stride[0]
    bands = min(rate, layers[0].out_channels // 2)
    functions = torch.zeros(bands, layers[0].kernel_size[0])
    width = min(2 * rate, functions.shape[1])
    functions[:, :width] = lapped(bands, rate)[:, :width]
    weight = layers[0].weight.detach().clone()
    weight[: 2 * bands, 0] = torch.stack([functions, -functions], dim=1).flatten(0, 1)
    layers[0].weight.copy_(weight)
    bank, stride = _Bank(functions, 0), rate
    for number, conv in enumerate(layers[1:], start=1):
        bank = _extend(conv, bank, stride, is_last=number == len(layers) - 1)
        stride *= conv.stride[0]
    # The last GELU passes what is large: the level is set before it.
    x = audio[:, None]
    for layer in extractor.conv_layers[:-1]:
        x = layer(x)
    levels = layers[-1](x).mean(dim=(0, 2))[: bank.envelopes].clamp(min=1e-4)
    layers[-1].weight[: bank.envelopes] /= levels[:, None, None]


def _extend(conv: torch.nn.Conv1d, bank: _Bank, stride: int, *, is_last: bool) -> _Bank:
    """One layer of the tree, from what its inputs hold to what its outputs hold."""
    rate, room, order = conv.stride[0], conv.out_channels, bank.ascending()
    kept = 0 if is_last else _kept(bank, rate, room)
    weight = conv.weight.detach().clone()
    used = min(room, 2 * rate * kept + bank.envelopes + bank.pairs - kept)
    weight[:used] = 0.0
    basis, row, responses = cosines(rate, rate), 0, []
    for band in order[:kept].tolist():
        for coefficients in basis:
            for sign in (1.0, -1.0):
                weight[row, 2 * band, :rate] = sign * coefficients
                weight[row, 2 * band + 1, :rate] = -sign * coefficients
                row += 1
            responses.append(_delayed(bank.responses[band], coefficients, stride))
    for band in order[kept:].tolist():
        if row < used:
            weight[row, 2 * band : 2 * band + 2] = 2.0 / conv.kernel_size[0]
            row += 1
    for envelope in range(2 * bank.pairs, 2 * bank.pairs + bank.envelopes):
        if row < used:
            weight[row, envelope] = 1.0 / conv.kernel_size[0]
            row += 1
    conv.weight.copy_(weight)
    return _Bank(torch.stack(responses) if responses else torch.zeros(0, 1), row - 2 * rate * kept)


def _kept(bank: _Bank, rate: int, room: int) -> int:
    """How many bands can be divided further while the others' envelopes find room."""
    return max(0, min(bank.pairs, (room - bank.envelopes - bank.pairs) // (2 * rate - 1)))


def _delayed(response: Tensor, coefficients: Tensor, stride: int) -> Tensor:
    """The response of a sum over positions, `stride` samples apart."""
    total = torch.zeros(len(response) + stride * (len(coefficients) - 1))
    for position, coefficient in enumerate(coefficients.tolist()):
        total[position * stride : position * stride + len(response)] += coefficient * response
    return total
