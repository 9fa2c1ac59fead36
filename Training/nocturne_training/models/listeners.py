"""Networks that name what a clip is from its latents or its semantic tokens, as a listener does from its
sound: what the language model and the diffusion network are tuned for. They learn on a made corpus and are no
part of a checkpoint.

Letters: B batch, L latent frames, Z latent channels, F frames heard, G groups of channels, T semantic tokens.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..corpus.music.instruments import INSTRUMENTS
from ..corpus.vocabulary import FAMILIES
from .harmony import Harmony, qualities
from .tone_bank import Bank

Heard = Mapping[str, Tensor]
"""Log-probabilities of the choices of each label [B, choices], and, of `LatentListener` with a tone bank, of
each `tonality` (`harmony.py`); `families`: logits of each that plays."""

_WIDTHS: Final = 24, 48, 96, 160
_STRIDES: Final = (2, 2), (1, 2), (2, 2), (1, 2)
"""In time and over the groups."""
_JOINED = 224
_PULSE = 96
_CHORD = 0.4
"""Seconds that are heard as one harmony."""
_CONTRAST = 2.0
"""Latents deviate by about a third of their range."""
_TOKEN_WIDTH = 128
_DROPOUT = 0.3


class Names(nn.Module):
    """One linear map from features to the logits of all labels. `choices` says how many each has; that of the
    lead's family comes from the lead's, since instruments are more alike in themselves than families are.
    Keys: `map.*`."""

    def __init__(self, width: int, choices: Mapping[str, int]) -> None:
        super().__init__()
        self.choices = {name: count for name, count in choices.items() if name != "lead_family"}
        self.map = nn.Linear(width, sum(self.choices.values()) + len(FAMILIES))
        of = torch.tensor([FAMILIES.index(instrument.family) for instrument in INSTRUMENTS.values()])
        self.register_buffer("of", F.one_hot(of, len(FAMILIES)).float(), persistent=False)

    def forward(self, features: Tensor) -> dict[str, Tensor]:
        """[B, width] -> `Heard`"""
        *single, families = self.map(features).float().split([*self.choices.values(), len(FAMILIES)], dim=1)
        heard = {name: logits.log_softmax(dim=1) for name, logits in zip(self.choices, single, strict=True)}
        heard["lead_family"] = (heard["lead"].exp() @ self.of).clamp(min=1e-6).log()
        return heard | {"families": families}


class LatentListener(nn.Module):
    """Convolutions over time and channels for timbre, over time alone for the pulse; mean and largest over
    time. The channels of a tone bank stand in the order of their pitch, so that transposing shifts them, and
    octaves can be laid over each other, in which `harmony` hears tonic and mode. `rate` is that of latent
    frames, in Hz."""

    def __init__(self, latents: int, bank: Bank | None, choices: Mapping[str, int], rate: int) -> None:
        super().__init__()
        self.tones = len(bank.tones) if bank else 0
        order = _by_pitch(bank) if bank else torch.arange(latents)[None]
        self.register_buffer("order", order, persistent=False)
        layers: list[nn.Module] = []
        before, groups = 1, order.shape[1]
        for width, stride in zip(_WIDTHS, _STRIDES, strict=True):
            kernel = 3 if layers else 5
            layers += [nn.Conv2d(before, width, kernel, stride, kernel // 2, bias=False)]
            layers += [nn.BatchNorm2d(width), nn.ReLU()]
            before, groups = width, -(-groups // 2)
        self.local = nn.Sequential(*layers)
        self.joined = _layer(before * groups, _JOINED, 1, 1)
        pulse = [_layer(order.shape[1], _PULSE, 3, 1)]
        pulse += [_layer(_PULSE, _PULSE, 9, dilation) for dilation in (1, 2, 4)]
        self.pulse = nn.Sequential(*pulse)
        octaves = -(-self.tones // 12)
        self.harmony = Harmony(octaves) if octaves else None
        self.chord = max(1, round(_CHORD * rate * len(order)))
        self.names = nn.Sequential(nn.Dropout(_DROPOUT), Names(2 * _JOINED, choices))
        self.tempo = nn.Sequential(nn.Dropout(_DROPOUT), nn.Linear(2 * _PULSE, choices["tempo"]))

    def frames(self, z: Tensor, semitones: int = 0) -> Tensor:
        """Latents [B, L, Z] -> what is heard at each part of each frame [B, F, G]; the tones of a bank
        transposed, those that leave its range lost"""
        x = z[..., self.order].flatten(1, 2)
        if not self.tones or not semitones:
            return x
        tones, noise = x[..., : self.tones], x[..., self.tones :]
        return torch.cat((transposed(tones, semitones), noise), dim=2)

    def forward(self, z: Tensor, semitones: int = 0) -> Heard:
        """Latents [B, L, Z] -> what they sound like, at any loudness"""
        x = self.frames(z, semitones)
        x = (x - x.mean(dim=(1, 2), keepdim=True)) * _CONTRAST
        timbre = self.joined(self.local(x[:, None]).transpose(2, 3).flatten(1, 2))
        pulse = self.pulse(x.transpose(1, 2))
        heard = self.names(over_time(timbre))
        heard |= {"tempo": self.tempo(over_time(pulse)).float().log_softmax(dim=1)}
        return heard | self.tonality(x) if self.harmony else heard

    def tonality(self, frames: Tensor) -> Heard:
        """[B, F, G] -> log-probabilities of each tonality, and of major and minor whatever the tonic"""
        assert self.harmony
        missing = 12 * self.harmony.octaves - self.tones
        pitch = F.pad(frames[..., : self.tones], (0, missing), mode="replicate")
        chords = F.avg_pool1d(pitch.transpose(1, 2), self.chord, ceil_mode=True).transpose(1, 2)
        scores = self.harmony(chords).float()
        chances = qualities(scores).clamp(min=1e-6)
        return {"tonality": scores.flatten(1).log_softmax(dim=1), "quality": chances.log()}


class TokenListener(nn.Module):
    """Embeddings of tokens, and of the told centre that a token belongs to (`told` of them, 0: none), a
    convolution over five of them; means and largest over time."""

    def __init__(self, vocabulary: int, told: int, choices: Mapping[str, int]) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, _TOKEN_WIDTH)
        nn.init.normal_(self.embedding.weight, std=0.5)
        self.told = nn.Embedding(told, _TOKEN_WIDTH) if told else None
        self.rest = vocabulary // told if told else 0
        self.conv = nn.Conv1d(_TOKEN_WIDTH, _TOKEN_WIDTH, 5, padding=2)
        self.dropout = nn.Dropout(_DROPOUT)
        self.names = Names(3 * _TOKEN_WIDTH, choices)

    def forward(self, tokens: Tensor) -> Heard:
        """[B, T] -> what they tell"""
        return self.heard(F.embedding(tokens, self.table()))

    def table(self) -> Tensor:
        """The embedding of each token, its told centre's in it [vocabulary, D]"""
        own = self.embedding.weight
        return own if self.told is None else own + self.told.weight.repeat_interleave(self.rest, dim=0)

    def heard(self, x: Tensor) -> Heard:
        """Rows of the table [B, T, D] -> what they tell"""
        near = F.relu(self.conv(self.dropout(x).transpose(1, 2)))
        return self.names(self.dropout(torch.cat((x.mean(dim=1), over_time(near)), dim=1)))


def transposed(tones: Tensor, semitones: int) -> Tensor:
    """Loudness of tones a semitone apart [B, F, G], so many semitones higher; what comes in at an edge is as
    quiet as the quietest"""
    if not semitones:
        return tones
    return F.pad(tones, (semitones, -semitones), value=float(tones.detach().min()))


def _by_pitch(bank: Bank) -> Tensor:
    """The channel of each group in each part of a frame [parts, G]; a slow tone has one for all."""
    groups = 1 + max(group for group, _ in bank.sources)
    order = torch.zeros(bank.parts, groups, dtype=torch.long)
    for channel, (group, part) in enumerate(bank.sources):
        for place in bank.parts_of(part):
            order[place, group] = channel
    return order


def _layer(before: int, width: int, kernel: int, dilation: int) -> nn.Sequential:
    convolution = nn.Conv1d(
        before, width, kernel, padding=kernel // 2 * dilation, dilation=dilation, bias=False
    )
    return nn.Sequential(convolution, nn.BatchNorm1d(width), nn.ReLU())


def over_time(x: Tensor) -> Tensor:
    """[B, D, F] -> [B, 2 D]"""
    return torch.cat((x.mean(dim=2), x.amax(dim=2)), dim=1)


def surprise(heard: Heard, wanted: Mapping[str, Tensor], weights: Mapping[str, float]) -> Tensor:
    """Cross-entropy of what is heard with what is wanted, probabilities of each label's choices [B, choices],
    as a share of chance's and by the label's weight -> scalar"""
    losses = [
        -weight / math.log(wanted[name].shape[1]) * (wanted[name] * heard[name]).sum(dim=1).mean()
        for name, weight in weights.items()
    ]
    return torch.stack(losses).sum()
