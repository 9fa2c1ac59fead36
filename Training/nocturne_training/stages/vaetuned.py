"""Tunes the decoder for what listeners of sound hear in it: what their layers make of a clip, they should
make of its reconstruction, and name it the same. Spectra and log-mel alone are content with a sound between
two instruments; discriminators do not know what an instrument is.

Letters: B batch, L latent frames, Z latent channels, N samples."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from ..losses.spectral import log_mel_error, multi_resolution
from ..models.listeners import surprise
from ..models.sound_listener import SoundListener, distance
from ..trainer.precision import mixed
from ..trainer.randomness import Draw
from ..trainer.task import Metrics, Task
from ..trainer.update import Update
from .clips import stretches, whole
from .context import Context
from .labels import PLACES
from .listeners import certain, labelled
from .soundlisteners import divided, learned, require_audible
from .tensors import Latents

WANTED = {"lead": 1.0, "lead_family": 1.0, "drums": 0.5}
"""What a listener should hear in a reconstruction."""


@dataclass(frozen=True)
class Batch:
    """Crops of clips, aligned to the hop: latents f32 [B, L, Z], sound [B, N], and `labels.targets` [B,
    labels + families]."""

    latents: Tensor
    audio: Tensor
    wanted: Tensor


class VaeTunedTask(Task):
    """Spectra and log-mel as before, distance and surprise of the listeners in turn. The encoder stays."""

    stage: ClassVar[str] = "vaetuned"
    self_contained: ClassVar[bool] = True

    def __init__(self, context: Context) -> None:
        self.config, self.settings = context.config, context.settings.vaetuned
        self.processes = context.processes
        directory = context.stage("latents")
        self.latents, self.held_out = Latents(directory, "train"), Latents(directory, context.held_out)
        self.clips = context.corpus.split("train")
        self.held_out_clips = context.corpus.split(context.held_out)
        _, (self.places, self.wanted) = divided(context)
        self.held_out_places, self.held_out_wanted = labelled(context, context.held_out)
        self.decoder = context.taken(self.stage, "vae_decoder").requires_grad_(True)
        self.listeners = learned(context)
        require_audible("vaetuned.cropFrames", self.settings.crop_frames, self.config)

    @property
    def modules(self) -> Mapping[str, nn.Module]:
        """See `Task`."""
        return {"vae_decoder": self.decoder}

    @property
    def groups(self) -> Mapping[str, list[nn.Parameter]]:
        """See `Task`."""
        return {"decoder": list(self.decoder.parameters())}

    @property
    def examples(self) -> int:
        """See `Task`."""
        return len(self.places)

    def batch(self, draws: list[Draw]) -> Batch:
        """See `Batch`."""
        count, hop, device = self.settings.crop_frames, self.config.hop, self.processes.device
        places = [int(self.places[draw.index]) for draw in draws]
        clips = [self.clips[place] for place in places]
        starts = []
        for draw, clip in zip(draws, clips, strict=True):
            room = min(self.config.clip_frames, clip.samples // hop) - count
            starts.append(int(torch.randint(max(0, room) + 1, (), generator=draw.generator)))
        latents = [
            self.latents.frames(place, start, count) for place, start in zip(places, starts, strict=True)
        ]
        audio = stretches(clips, [start * hop for start in starts], count * hop)
        wanted = self.wanted[[draw.index for draw in draws]]
        return Batch(torch.stack(latents).float().to(device), audio.to(device), wanted.to(device))

    def optimise(self, batch: Batch, step: int, update: Update) -> Metrics:
        """See `Task`."""
        own, device = self.settings, batch.audio.device.type
        with mixed(device, own.precision):
            generated = self.decoder(batch.latents).float()
        spectral, mel = multi_resolution(batch.audio, generated), log_mel_error(batch.audio, generated)
        apart, missed = self._heard(self.listeners[step % len(self.listeners)], batch, generated)
        loss = own.spectral_weight * spectral + own.mel_weight * mel
        update("decoder", loss + own.feature_weight * apart + own.surprise_weight * missed)
        return {"loss": loss, "missed": missed, "features": apart, "spectral": spectral, "log_mel": mel}

    def _heard(self, listener: SoundListener, batch: Batch, generated: Tensor) -> tuple[Tensor, Tensor]:
        """What a listener finds of two [B, N]: how far apart its features are, and its surprise."""
        with mixed(generated.device.type, self.settings.precision):
            with torch.no_grad():
                real = listener.features(listener.frames(batch.audio))
            made = listener.features(listener.frames(generated))
        heard = listener.told([*made[:-1], made[-1].float()])
        return distance(real, made), surprise(heard, certain(batch.wanted), WANTED)

    def validate(self) -> dict[str, float]:
        """Of whole held-out clips: log-mel error of the reconstruction in nepers, and how often a listener
        hears what they are, in the reconstruction (`heard_mel_lead_family`) and in the clip itself
        (`real_mel_lead_family`)."""
        places = self.held_out_places[: self.settings.validation_clips].tolist()
        errors, right = [], dict[str, list[float]]()
        for place, wanted in zip(places, self.held_out_wanted, strict=False):
            audio = whole([self.held_out_clips[place]], self.config.clip_frames * self.config.hop)
            audio = audio.to(self.processes.device)
            latents = self.held_out.frames(place)[None].float().to(self.processes.device)
            sounds = {"real": audio, "heard": self.decoder(latents)}
            errors.append(float(log_mel_error(audio, sounds["heard"])))
            for name, sound in sounds.items():
                for listener in self.listeners:
                    heard = listener(listener.frames(sound))
                    for label in WANTED:
                        hit = int(heard[label].argmax()) == int(wanted[PLACES[label]])
                        right.setdefault(f"{name}_{listener.kind}_{label}", []).append(float(hit))
        figures = {"log_mel": errors, **right} if errors else {}
        return {name: sum(found) / len(found) for name, found in figures.items()}

    def exports(self) -> Mapping[str, nn.Module]:
        """See `Task`."""
        return {"vae_decoder": self.decoder}
