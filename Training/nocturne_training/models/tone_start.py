"""Starts the VAE (5.2, 5.3) as a vocoder: the latents tell how loud each semitone and each band of noise is,
and the decoder sings them.

A latent that holds a wave (`lapped.py`) has the mean 0 whatever the music, so that few steps of diffusion
have nothing to go to. Loudness has a mean that tokens can tell. What it leaves out is phase, and a decoder
without phase can only repeat itself from frame to frame: its tones are multiples of the latent rate. Hence
frames of this start are long (a tenth of a second in `demo`), and the last rate of the encoder, which is the
first of the decoder, divides them into parts that have a loudness of their own.

The encoder's next to last layer holds the filters, each at three phases; the last one adds up what the phases
rectify, and breaks the sum at the knots of a curve that `conv_post` joins. The decoder goes the same way
back.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from .lapped import DEVIATION, assign, cosines, damp_residuals, fold, unfold
from .loudness import KNOTS, curve, knots, pieces
from .residual import SLOPE
from .tone_bank import NOISE, RATE, RECTIFIED, Bank, filters, grains, loudness
from .vae import LAST_SLOPE, VaeDecoder, VaeEncoder

LOUDEST = 0.995
"""The quantile of a latent's loudness that counts as its loudest."""
KNOT_COUNT = len(KNOTS)


@torch.no_grad()
def start_as_tone_bank(encoder: VaeEncoder, decoder: VaeDecoder, hop: int, audio: Tensor) -> None:
    """Sets the weights of both. `audio` [B, N] gives the range of each loudness: on it the latents' means
    have the mean 0 and the deviation `DEVIATION`. Raises `ValueError` where the shape does not fit."""
    parts, bands = encoder.downs[-1].stride[0], encoder.downs[-2]
    bank = Bank(parts, hop // parts, encoder.conv_post.out_channels // 2)
    damp_residuals(encoder, decoder)
    responses = filters(bank, bands.kernel_size[0] * bank.part // bands.stride[0])
    heard = loudness(bank, responses, audio.cpu()).flatten(0, 1)
    loudest = heard.quantile(LOUDEST, dim=0).clamp(min=1e-5)
    heights = curve(heard / loudest)
    mean, scale = heights.mean(dim=0), DEVIATION / heights.std(dim=0).clamp(min=1e-3)
    _filter(encoder, responses)
    _weigh(encoder, bank, responses, loudest)
    _join(encoder, mean, scale)
    _part(decoder, mean, scale / encoder.latent_scale)
    loudest_of = torch.ones(len(responses))
    for latent, (group, _) in enumerate(bank.sources):
        loudest_of[group] = loudest[latent]
    _turn(decoder, bank, loudest / loudest_of[[group for group, _ in bank.sources]])
    _sing(decoder, bank, responses, loudest_of)


def _filter(encoder: VaeEncoder, responses: Tensor) -> None:
    """Waves as blocks of their cosine transform, then the filters."""
    held = fold(encoder.conv_pre, encoder.downs[:-2])
    bands, block = encoder.downs[-2], held.shape[1]
    used = responses.flatten(0, 2).float()
    used = used[used.abs().sum(dim=1) > 0]
    taps = {j: used[:, j * block : (j + 1) * block] @ held.T for j in range(bands.kernel_size[0])}
    assign(bands, taps, SLOPE, paired=True)


def _weigh(encoder: VaeEncoder, bank: Bank, responses: Tensor, loudest: Tensor) -> None:
    """Loudness as a share of the loudest, less each knot."""
    last, places = encoder.downs[-1], knots()[0]
    ends = [0, *(2 * (responses.abs().sum(dim=-1) > 0).flatten(1).sum(dim=1)).cumsum(0).tolist()]
    weight = last.weight.detach().clone()
    weight[: bank.latents * KNOT_COUNT] = 0.0
    for latent, (group, part) in enumerate(bank.sources):
        rows = slice(latent * KNOT_COUNT, (latent + 1) * KNOT_COUNT)
        own = bank.parts_of(part)
        for tap in own:
            # lrelu(x) + lrelu(-x) = (1 - slope) |x|
            gain = 1.0 / (len(own) * RECTIFIED * (1.0 - SLOPE) * float(loudest[latent]))
            weight[rows, ends[group] : ends[group + 1], last.sides[0] + tap] = gain
    last.weight = weight
    last.bias[: bank.latents * KNOT_COUNT] = -places.repeat(bank.latents)


def _join(encoder: VaeEncoder, mean: Tensor, scale: Tensor) -> None:
    """The curve, moved to the mean 0 and stretched."""
    weights, constant = pieces(inverse=False)
    post, latents = encoder.conv_post, len(mean)
    weight = post.weight.detach().clone()
    weight[:latents] = 0.0
    for latent in range(latents):
        rows = slice(latent * KNOT_COUNT, (latent + 1) * KNOT_COUNT)
        weight[latent, rows, post.kernel_size[0] // 2] = weights * scale[latent]
    post.weight = weight
    post.bias[:latents] = (constant - mean) * scale


def _part(decoder: VaeDecoder, mean: Tensor, scale: Tensor) -> None:
    """Heights less each knot; and, after the last latent's, a channel that is always 1."""
    heights, pre, latents = knots()[1], decoder.conv_pre, len(mean)
    weight = pre.weight.detach().clone()
    weight[: latents * KNOT_COUNT + 1] = 0.0
    for latent in range(latents):
        rows = slice(latent * KNOT_COUNT, (latent + 1) * KNOT_COUNT)
        weight[rows, latent, pre.kernel_size[0] // 2] = 1.0 / scale[latent]
        pre.bias[rows] = mean[latent] - heights
    # Weight norm takes no row of zeros.
    weight[latents * KNOT_COUNT, 0] = 1e-4
    pre.bias[latents * KNOT_COUNT] = 1.0
    pre.weight = weight


def _turn(decoder: VaeDecoder, bank: Bank, gain: Tensor) -> None:
    """From heights to the amplitudes of grains. The tones of a frame's parts are one wave."""
    layer, tones = decoder.ups[0], bank.tones
    weights, constant = pieces(inverse=True)
    start = 2 * math.pi * torch.rand(len(tones), generator=torch.Generator().manual_seed(8))
    outputs = 2 * len(tones) + bank.parts * len(NOISE)
    weight = layer.weight.detach().clone().transpose(0, 1)
    weight[: 2 * outputs] = 0.0
    layer.bias[: 2 * outputs] = 0.0
    for s in range(bank.parts):
        matrix = torch.zeros(outputs, bank.latents)
        for latent, (group, part) in enumerate(bank.sources):
            if s not in bank.parts_of(part):
                continue
            if group < len(tones):
                angle = 2 * math.pi * float(tones[group]) * s * bank.part / RATE + float(start[group])
                matrix[2 * group, latent] = math.cos(angle) * gain[latent]
                matrix[2 * group + 1, latent] = math.sin(angle) * gain[latent]
            else:
                row = 2 * len(tones) + (group - len(tones)) * bank.parts + s
                matrix[row, latent] = gain[latent]
        spread = torch.cat(
            [(matrix[:, :, None] * weights).flatten(1), constant * matrix.sum(dim=1)[:, None]], dim=1
        )
        pairs = torch.stack([spread, -spread], dim=1).flatten(0, 1)
        weight[: 2 * outputs, : spread.shape[1], layer.trim[0] + s] = pairs
    layer.weight = weight.transpose(0, 1)


def _sing(decoder: VaeDecoder, bank: Bank, responses: Tensor, loudest: Tensor) -> None:
    """The grains, as blocks of their cosine transform, then their waves."""
    bands = decoder.ups[1]
    sounds = grains(bank, responses, bands.kernel_size[0] * bank.part // bands.stride[0])
    counts = torch.tensor([2] * len(bank.tones) + [bank.parts] * len(NOISE))
    sounds = (sounds * loudest.repeat_interleave(counts)[:, None]).float()
    block = bank.part // bands.stride[0]
    held = cosines(min(block, bands.out_channels // 2), block)
    taps = {j: held @ sounds[:, j * block : (j + 1) * block].T for j in range(bands.kernel_size[0])}
    assign(bands, taps, SLOPE, paired=True)
    unfold(decoder.ups[2:], held)
    middle = decoder.conv_post.kernel_size[0] // 2
    assign(decoder.conv_post, {middle: torch.ones(1, 1)}, LAST_SLOPE, paired=False)
