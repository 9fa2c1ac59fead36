"""Trainer of the listeners of sound (`models/sound_listener.py`). They learn from real clips alone. Letters:
B batch, N samples, F frames, G bands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import Generator, Tensor, nn

from ..config import Config
from ..corpus.dataset import Clip
from ..models.listeners import transposed
from ..models.sound_listener import SHAPES, SoundListener, tilted
from ..models.sound_listener import SHORTEST as SHORTEST_HEARD
from ..trainer.errors import TrainingError
from ..trainer.precision import mixed
from ..trainer.randomness import Draw
from ..trainer.task import Metrics
from ..trainer.update import Update
from .clips import batches, whole
from .context import Context
from .kept import Kept
from .labels import CHOICES, PLACES
from .listeners import ListeningTask, labelled, named_loss, required

WEIGHTS = {"lead": 2.0, "style": 1.0, "tempo": 0.5, "drums": 1.0}
"""Of the labels while they learn."""
SHORTEST, LONGEST = 0.25, 0.6
"""Of a clip, which is what they hear at a time."""
SEMITONES = 3
"""Up to which `pitch` hears clips transposed."""
TILT, CURVE, KNOTS = 0.5, 0.3, 8
"""Deviations in nepers of an equaliser's slope and of its gain at each of its knots."""
HISSING, QUIET, QUIETEST, GRAIN = 0.4, 5.0, 11.0, 0.4
"""Share of the clips that get noise, its level below the loudest and its deviation in nepers."""
HIDDEN = 10
"""Bands that may be missing."""


@dataclass(frozen=True)
class Batch:
    """What each listener hears [B, F, G], and `labels.targets` of the clips."""

    frames: Mapping[str, Tensor]
    wanted: Tensor


class SoundListenersTask(ListeningTask):
    """Cross-entropy of the labels, heard from sound as a room, an equaliser or a codec may change it."""

    stage: ClassVar[str] = "soundlisteners"
    self_contained: ClassVar[bool] = True

    def __init__(self, context: Context) -> None:
        self.config, self.settings = context.config, context.settings.soundlisteners
        self.processes = context.processes
        self.clips, self.held_out = context.corpus.split("train"), context.corpus.split(context.held_out)
        (self.labelled, self.wanted), _ = divided(context)
        self.held_out_labelled, self.held_out_wanted = labelled(context, context.held_out)
        torch.manual_seed(self.settings.seed)
        self.listeners = nn.ModuleDict(unlearned()).to(self.processes.device)
        self.kept = Kept(self.settings.cache_megabytes)

    @torch.no_grad()
    def heard(self, kind: str, clip: Clip) -> Tensor:
        """All that a listener hears of a clip, silence behind a shorter one, f16 [F, G]"""

        def found() -> Tensor:
            audio = whole([clip], self.config.clip_seconds * self.config.sample_rate)
            return self.listeners[kind].frames(audio.to(self.processes.device))[0].half()

        return self.kept.get(f"{kind} {clip.path}", found)

    def batch(self, draws: list[Draw]) -> Batch:
        """A stretch of each clip, varied, and as long for all."""
        first, frames = draws[0].generator, {}
        share = SHORTEST + (LONGEST - SHORTEST) * float(torch.rand((), generator=first))
        places = [float(torch.rand((), generator=draw.generator)) for draw in draws]
        clips = [self.clips[int(self.labelled[draw.index])] for draw in draws]
        semitones = int(torch.randint(-SEMITONES, SEMITONES + 1, (), generator=first))
        for kind in self.listeners:
            all_of = torch.stack([self.heard(kind, clip) for clip in clips]).float()
            count = max(1, int(share * all_of.shape[1]))
            starts = [int(place * (all_of.shape[1] - count + 1)) for place in places]
            parts = [one[start : start + count] for one, start in zip(all_of, starts, strict=True)]
            moved = transposed(torch.stack(parts), semitones if kind == "pitch" else 0)
            frames[kind] = varied(moved, first)
        wanted = self.wanted[[draw.index for draw in draws]].to(self.processes.device)
        return Batch(frames, wanted)

    def optimise(self, batch: Batch, step: int, update: Update) -> Metrics:
        """See `Task`."""
        losses = {}
        for kind, frames in batch.frames.items():
            with mixed(frames.device.type, self.settings.precision):
                heard = self.listeners[kind](frames)
            losses[kind] = named_loss(heard, batch.wanted, WEIGHTS)
            update(kind, losses[kind])
        return losses

    def validate(self) -> dict[str, float]:
        """On whole held-out clips, how often the likeliest choice of each label is the right one."""
        places = self.held_out_labelled[: self.settings.validation_clips]
        clips, found = [self.held_out[place] for place in places.tolist()], {}
        for kind in self.listeners if clips else ():
            parts = [self._named(kind, some) for some in batches(clips, self.settings.batch)]
            for label in WEIGHTS.keys() | {"lead_family"}:
                likeliest = torch.cat([part[label] for part in parts]).argmax(dim=1).cpu()
                right = likeliest == self.held_out_wanted[: len(clips), PLACES[label]]
                found[f"{kind}_{label}"] = float(right.float().mean())
        return found

    def _named(self, kind: str, clips: Sequence[Clip]) -> Mapping[str, Tensor]:
        return self.listeners[kind](torch.stack([self.heard(kind, clip) for clip in clips]).float())


def divided(context: Context) -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]:
    """What listeners learn from, and what a network can be tuned with that they do not know, or all where
    they know all; each as `listeners.labelled`. Raises `TrainingError` where no clip has labels, or they
    would learn from none."""
    places, wanted = required(context, "train")
    share = context.settings.soundlisteners.share
    count = round(share * len(places)) if 0.0 < share <= 1.0 else 0
    if not count:
        raise TrainingError(
            f"soundlisteners.share {share}: expected above 0, up to 1, of {len(places)} clips"
        )
    rest = slice(count, None) if count < len(places) else slice(None)
    return (places[:count], wanted[:count]), (places[rest], wanted[rest])


def varied(frames: Tensor, random: Generator) -> Tensor:
    """Through an equaliser, in noise, with a few bands missing: what does not change who plays. [B, F, G]"""
    count, _, bands = frames.shape
    frames = tilted(frames, TILT * torch.randn(count, generator=random).to(frames))
    gains = CURVE * torch.randn(count, 1, KNOTS, generator=random)
    frames = frames + F.interpolate(gains, bands, mode="linear").to(frames)
    below = QUIET + (QUIETEST - QUIET) * torch.rand(count, 1, 1, generator=random)
    grain = GRAIN * torch.randn(frames.shape, generator=random)
    noise = frames.amax(dim=(1, 2), keepdim=True) + (grain - below).to(frames)
    hissing = (torch.rand(count, 1, 1, generator=random) < HISSING).to(frames.device)
    frames = torch.where(hissing, torch.logaddexp(frames, noise), frames)
    for part in frames:
        low = int(torch.randint(max(1, bands - HIDDEN), (), generator=random))
        part[:, low : low + int(torch.randint(HIDDEN + 1, (), generator=random))] = part.mean()
    return frames


def unlearned() -> dict[str, nn.Module]:
    """The listeners with random weights."""
    choices = {name: len(found) for name, found in CHOICES.items()}
    return {kind: SoundListener(kind, choices) for kind in SHAPES}


def learned(context: Context) -> list[SoundListener]:
    """The listeners that the stage has left, in evaluation mode, without gradients, on the device. Raises
    `TrainingError` where it has not been run."""
    found = []
    for kind in SHAPES:
        listener = SoundListener(kind, {name: len(choices) for name, choices in CHOICES.items()})
        listener.load_state_dict(load_file(context.left("soundlisteners", kind)))
        found.append(listener.to(context.processes.device).eval().requires_grad_(False))
    return found


def require_audible(setting: str, frames: int, config: Config) -> None:
    """Raises `TrainingError` where a stretch of so many latent frames is too short to listen to, or longer
    than a clip."""
    least = -(-SHORTEST_HEARD // config.hop)
    if not least <= frames <= config.clip_frames:
        raise TrainingError(f"{setting} {frames}: expected {least} to {config.clip_frames} latent frames")
