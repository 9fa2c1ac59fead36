"""What listeners of sound miss in decoded latents. Letters: B batch, L latent frames, Z latent channels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from ..models.listeners import surprise, transposed
from ..models.sound_listener import tilted
from ..trainer.precision import mixed
from ..trainer.randomness import Draw, normal
from . import soundlisteners
from .context import Context

TILT = 0.3
"""Deviation of the equaliser's slope in nepers."""


@dataclass(frozen=True)
class Manner:
    """How to listen: from which frame on, through an equaliser of which slope [B], by how many semitones to
    transpose what is heard by pitch."""

    first: int
    slope: Tensor
    semitones: int

    @staticmethod
    def drawn(draws: list[Draw], room: int, semitones: int, device: torch.device) -> Manner:
        """Of one batch: up to `room` frames in, up to so many semitones."""
        random = draws[0].generator
        return Manner(
            first=int(torch.randint(max(0, room) + 1, (), generator=random)),
            semitones=int(torch.randint(-semitones, semitones + 1, (), generator=random)),
            slope=TILT * normal(draws, (), device),
        )


class Sounding:
    """The decoder, tuned where it is, and the listeners, who take turns."""

    def __init__(self, context: Context) -> None:
        self.settings = context.settings.dpdtuned
        self.decoder = context.taken("dpdtuned", "vae_decoder")
        self.listeners = soundlisteners.learned(context)
        named = {*soundlisteners.WEIGHTS, "lead_family"}
        self.wanting = {name: weight for name, weight in self.settings.wanted.items() if name in named}
        soundlisteners.require_audible("dpdtuned.soundFrames", self.settings.sound_frames, context.config)

    def __call__(self, made: Tensor, wanted: Mapping[str, Tensor], manner: Manner, step: int) -> Tensor:
        """Latents [B, L, Z] and probabilities of the labels wanted [B, choices] -> surprise at a stretch of
        the sound"""
        listener = self.listeners[step % len(self.listeners)]
        part = made[:, manner.first : manner.first + self.settings.sound_frames]
        with mixed(made.device.type, self.settings.precision):
            frames = listener.frames(self.decoder(part).float())
            frames = transposed(frames, manner.semitones if listener.kind == "pitch" else 0)
            heard = listener(tilted(frames, manner.slope))
        return surprise(heard, wanted, self.wanting)
