"""Trainer of the listeners (`models/listeners.py`). Letters: B batch, L latent frames, Z latent channels, T
semantic tokens."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import Tensor, nn

from ..corpus.dataset import Clip
from ..models.harmony import TONALITIES, raised, tonality
from ..models.listeners import Heard, LatentListener, TokenListener, surprise
from ..models.tone_bank import Bank
from ..trainer.errors import TrainingError
from ..trainer.precision import mixed
from ..trainer.randomness import Draw, normal
from ..trainer.task import Metrics, Task
from ..trainer.update import Update
from .context import Context
from .labels import CHOICES, PLACES, complete, targets
from .tensors import Extracted, Latents

WEIGHTS = {"lead": 2.0, "style": 1.0, "tempo": 1.0, "quality": 1.0, "drums": 1.0}
"""Of the labels while listeners learn. Most of what they are for is the lead."""
NOISE = 0.17
"""Deviation up to which latents get noise, so that what diffusion leaves is not heard as anything."""
SEMITONES = 3
"""Up to which clips are transposed."""
UNKNOWN = -100
"""The tonality of a clip whose labels have no key or mode."""


@dataclass(frozen=True)
class Batch:
    """Latents f32 [B, L, Z] and tokens [B, T] of the same stretch of clips, `labels.targets` of these, by how
    many semitones to transpose them, and of which tonality they then are [B], `UNKNOWN` where no label says
    it."""

    latents: Tensor
    tokens: Tensor
    wanted: Tensor
    semitones: int
    tonality: Tensor


class ListeningTask(Task):
    """Networks `listeners` that learn the labels of the clips `labelled`, each by an optimiser of its own."""

    listeners: nn.ModuleDict
    labelled: Tensor

    @property
    def modules(self) -> Mapping[str, nn.Module]:
        """See `Task`."""
        return dict(self.listeners.items())

    @property
    def groups(self) -> Mapping[str, list[nn.Parameter]]:
        """See `Task`."""
        return {name: list(module.parameters()) for name, module in self.listeners.items()}

    @property
    def examples(self) -> int:
        """See `Task`."""
        return len(self.labelled)

    def exports(self) -> Mapping[str, nn.Module]:
        """See `Task`; these stay in the run directory."""
        return dict(self.listeners.items())


class ListenersTask(ListeningTask):
    """Cross-entropy of the labels, heard from latents and from tokens."""

    stage: ClassVar[str] = "listeners"
    self_contained: ClassVar[bool] = True

    def __init__(self, context: Context) -> None:
        self.config, self.settings = context.config, context.settings.listeners
        self.processes = context.processes
        directory, device, held_out = context.stage("extract"), self.processes.device, context.held_out
        self.clips, self.held_out = Extracted(directory, "train"), Extracted(directory, held_out)
        directory = context.stage("latents")
        self.latents, self.held_out_latents = (
            Latents(directory, "train", device),
            Latents(directory, held_out),
        )
        self.labelled, self.wanted = required(context, "train")
        self.held_out_labelled, self.held_out_wanted = labelled(context, held_out)
        clips = context.corpus.split("train")
        self.tonality = torch.tensor([_tonality(clips[place]) for place in self.labelled.tolist()])
        torch.manual_seed(self.settings.seed)
        self.listeners = nn.ModuleDict(unlearned(context)).to(device)

    def batch(self, draws: list[Draw]) -> Batch:
        """The same half to whole length of all clips, from a random place of each; noise on the latents."""
        common = math.gcd(self.config.latent_rate, self.config.semantic_rate)
        frames, tokens = self.config.latent_rate // common, self.config.semantic_rate // common
        units, first = self.config.clip_frames // frames, draws[0].generator
        kept = int(torch.randint(units // 2, units + 1, (), generator=first))
        semitones = int(torch.randint(-SEMITONES, SEMITONES + 1, (), generator=first))
        latents, heard, device = [], [], self.processes.device
        for draw in draws:
            place = int(self.labelled[draw.index])
            start = int(torch.randint(units - kept + 1, (), generator=draw.generator))
            latents.append(self.latents.frames(place, start * frames, kept * frames))
            heard.append(self.clips.tokens(place, start * tokens, kept * tokens))
        z = torch.stack(latents).float().to(device)
        level = torch.stack([torch.rand((1, 1), generator=draw.generator) for draw in draws]).to(device)
        z = z + NOISE * level * normal(draws, tuple(z.shape[1:]), device)
        rows = [draw.index for draw in draws]
        known = self.tonality[rows]
        moved = torch.where(known == UNKNOWN, known, raised(known, semitones))
        wanted = self.wanted[rows].to(device)
        return Batch(z, torch.stack(heard).to(device), wanted, semitones, moved.to(device))

    def optimise(self, batch: Batch, step: int, update: Update) -> Metrics:
        """See `Task`."""
        with mixed(batch.latents.device.type, self.settings.precision):
            heard = {
                "latents": self.listeners["latents"](batch.latents, batch.semitones),
                "tokens": self.listeners["tokens"](batch.tokens),
            }
        losses = {name: named_loss(one, batch.wanted, WEIGHTS) for name, one in heard.items()}
        if "tonality" in heard["latents"]:
            # Told the mode alone it hears it in three clips of four, told the tonic, too, in nearly all.
            losses["latents"] = losses["latents"] + tonal_loss(heard["latents"], batch.tonality)
        for name, loss in losses.items():
            update(name, loss)
        return losses

    def validate(self) -> dict[str, float]:
        """On held-out clips, how often the likeliest choice of each label is the right one."""
        places = self.held_out_labelled[: self.settings.validation_clips]
        wanted, found = self.held_out_wanted[: len(places)], {}
        sources = {"latents": self.held_out_latents.frames, "tokens": self.held_out.tokens}
        for name, source in sources.items() if len(places) else ():
            parts = [self._hear(name, source, some.tolist()) for some in places.split(self.settings.batch)]
            for label, place in PLACES.items():
                likeliest = torch.cat([part[label] for part in parts]).argmax(dim=1).cpu()
                found[f"{name}_{label}"] = float((likeliest == wanted[:, place]).float().mean())
        return found

    def _hear(self, name: str, source: Callable[[int], Tensor], places: list[int]) -> Heard:
        clips = torch.stack([source(place) for place in places]).to(self.processes.device)
        return self.listeners[name](clips.float() if clips.is_floating_point() else clips)


def named_loss(heard: Heard, wanted: Tensor, weights: Mapping[str, float]) -> Tensor:
    """Cross-entropy of the labels by their weights, and of the families that play, with
    `labels.targets` [B, labels + families], as a share of chance's -> scalar"""
    playing = wanted[:, len(PLACES) :].to(heard["families"])
    families = F.binary_cross_entropy_with_logits(heard["families"], playing) / math.log(2)
    missed = surprise(heard, certain(wanted), weights)
    return (missed + 2.0 * families) / (sum(weights.values()) + 2.0)


def tonal_loss(heard: Heard, wanted: Tensor) -> Tensor:
    """Cross-entropy of tonalities [B], but of those that are `UNKNOWN`, as a share of chance's -> scalar"""
    missed = F.nll_loss(heard["tonality"], wanted, ignore_index=UNKNOWN, reduction="sum")
    return missed / (math.log(TONALITIES) * (wanted != UNKNOWN).sum().clamp(min=1))


def _tonality(clip: Clip) -> int:
    labels = clip.labels or {}
    return tonality(labels) if labels.keys() >= {"key", "mode"} else UNKNOWN


def certain(wanted: Tensor) -> dict[str, Tensor]:
    """`labels.targets` [B, labels + families] as probabilities of each label's choices [B, choices]"""
    return {name: F.one_hot(wanted[:, place], len(CHOICES[name])).float() for name, place in PLACES.items()}


def labelled(context: Context, split: str) -> tuple[Tensor, Tensor]:
    """Which clips of a split have all labels [n], and their `labels.targets` [n, labels + families]"""
    clips: Sequence[Clip] = context.corpus.split(split)
    places = [place for place, clip in enumerate(clips) if complete(clip)]
    wanted = targets([clips[place] for place in places]) if places else torch.zeros(0, len(PLACES))
    return torch.tensor(places, dtype=torch.long), wanted.long()


def required(context: Context, split: str) -> tuple[Tensor, Tensor]:
    """See `labelled`. Raises `TrainingError` where no clip has labels."""
    places, wanted = labelled(context, split)
    if not len(places):
        raise TrainingError(
            f"{context.corpus_directory}: no training clip has labels, from which listeners learn; set the "
            "steps of vaetuned, lmtuned and dpdtuned to 0, or make a corpus"
        )
    return places, wanted


def unlearned(context: Context) -> dict[str, nn.Module]:
    """The listeners of a training, with random weights."""
    config, choices = context.config, {name: len(found) for name, found in CHOICES.items()}
    parts, tones = config.vae.encoder.rates[-1], context.settings.vae.start == "tones"
    bank = Bank(parts, config.hop // parts, config.latent_dim) if tones else None
    return {
        "latents": LatentListener(config.latent_dim, bank, choices, config.latent_rate),
        "tokens": TokenListener(config.semantic_vocab, context.told_centres, choices),
    }


def learned(context: Context, name: str) -> nn.Module:
    """A listener that the stage has left, in evaluation mode, without gradients, on the device. Raises
    `TrainingError` where it has not been run."""
    listener = unlearned(context)[name]
    listener.load_state_dict(load_file(context.left("listeners", name)))
    return listener.to(context.processes.device).eval().requires_grad_(False)
