"""What judges a clip: probes of timbre and harmony and the tempo estimator, learned from real clips alone."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import Tensor, nn

from ..checkpoint import write_tensors
from ..corpus.dataset import Clip, Corpus, CorpusError
from ..corpus.vocabulary import FAMILIES, QUALITIES, STYLES, TEMPOS
from ..models.harmony import Harmony, qualities, tonality
from ..stages.labels import complete
from ..trainer.precision import mixed
from ..trainer.randomness import generator
from . import harmony, style, tempo, timbre
from .captions import Traits
from .listening import Heard, hear
from .style import Style
from .tempo import BPM, Pulse
from .timbre import Timbre

VERSION: Final = 2
"""Raised with every change of what the probes hear or how they learn."""
_BATCH = 32
_MEL_FRAMES, _PITCH_FRAMES = 188, 32
_BANDS_HIDDEN, _TILT = 8, 0.5
_RATE, _DECAY = 3e-3, 0.05

Loss = Callable[[Tensor, torch.Generator], Tensor]


@dataclass(frozen=True)
class Probes:
    """Listens to clips of 10 s and says what it hears."""

    timbre: Timbre
    harmony: Harmony
    pulse: Pulse
    style: Style

    @torch.no_grad()
    def judge(self, heard: Heard) -> list[Traits]:
        """What each clip is, as far as the probes can tell: all attributes of every clip."""
        found = []
        for first in range(0, len(heard), _BATCH):
            mel = torch.from_numpy(heard.mel[first : first + _BATCH]).float()
            pitch = torch.from_numpy(heard.pitch[first : first + _BATCH]).float()
            known = _known(self.timbre, self.pulse, mel)
            ears, pulse = known.split((timbre.WIDTH, len(BPM)), dim=1)
            lead, playing = self.timbre.named(ears)
            families = timbre.families(lead).argmax(dim=1).tolist()
            drums = timbre.drummed(playing).tolist()
            tempos = tempo.classes(pulse).argmax(dim=1).tolist()
            modes = qualities(self.harmony(pitch)).argmax(dim=1).tolist()
            styles = self.style(known).argmax(dim=1).tolist()
            for f, d, t, q, s in zip(families, drums, tempos, modes, styles, strict=True):
                found.append(Traits(FAMILIES[f], d, TEMPOS[t], QUALITIES[q], STYLES[s]))
        return found


def _known(ears: Timbre, pulse: Pulse, mel: Tensor) -> Tensor:
    """What the style is told from: log-mel [B, F, M] -> [B, style.HEARD]"""
    return torch.cat((ears.heard(mel), pulse(mel)), dim=1)


def true_traits(clip: Clip) -> Traits:
    """The attributes by the clip's labels."""
    labels = clip.labels or {}
    known = (labels[name] for name in ("lead_family", "drums", "tempo", "quality", "style"))
    return Traits(*known)


def probes(directory: Path, corpus: Corpus, epochs: int, say: Callable[[str], None]) -> Probes:
    """The probes of a corpus, kept in `directory`; learned where they are missing or of other inputs."""
    named = {"version": VERSION, "corpus": corpus.digest, "epochs": epochs, "torch": torch.__version__}
    path = directory / f"{hashlib.sha256(json.dumps(named).encode()).hexdigest()[:12]}.safetensors"
    if path.exists():
        return _restored(load_file(path))
    clips = [clip for clip in corpus.split("train") if complete(clip)]
    if not clips:
        raise CorpusError(
            f"{corpus.directory}: no clip has labels, from which the probes learn: make a corpus"
        )
    say(f"listening to {len(clips)} training clips")
    learned = learn(hear(clip.audio() for clip in clips), [clip.labels or {} for clip in clips], epochs, say)
    directory.mkdir(parents=True, exist_ok=True)
    tensors = {
        f"{part}.{key}": value
        for part in _PARTS
        for key, value in getattr(learned, part).state_dict().items()
    }
    write_tensors(path, {key: value.contiguous() for key, value in tensors.items()})
    return learned


_PARTS: Final[dict[str, Callable[[], nn.Module]]] = {
    "timbre": Timbre,
    "harmony": harmony.unlearned,
    "pulse": Pulse,
    "style": Style,
}


def _restored(tensors: dict[str, Tensor]) -> Probes:
    parts = {name: build() for name, build in _PARTS.items()}
    for name, part in parts.items():
        own = {key.partition(".")[2]: value for key, value in tensors.items() if key.startswith(f"{name}.")}
        part.load_state_dict(own)
        part.eval().requires_grad_(False)
    return Probes(**parts)


def learn(heard: Heard, labels: Sequence[dict], epochs: int, say: Callable[[str], None]) -> Probes:
    """Learns all four from clips and their labels; equal inputs give equal probes on equal threads."""
    mel, pitch = torch.from_numpy(heard.mel), torch.from_numpy(heard.pitch)
    leads, playing = (torch.tensor(part) for part in zip(*map(timbre.targets, labels), strict=True))
    keys = torch.tensor([tonality(clip) for clip in labels])
    with torch.random.fork_rng():
        torch.manual_seed(1)
        say("learning tempo")
        pulse = tempo.fit(mel, torch.tensor([clip["bpm"] for clip in labels]), generator("measure", "tempo"))
        ears, chords = Timbre(), harmony.unlearned()

        def of_timbre(batch: Tensor, random: torch.Generator) -> Tensor:
            with mixed("cpu", "auto"):
                found = ears(varied(mel[batch].float(), random))
            return timbre.loss(found, leads[batch], playing[batch])

        def of_harmony(batch: Tensor, random: torch.Generator) -> Tensor:
            steps = int(torch.randint(-6, 6, (), generator=random))
            part, wanted = harmony.transposed(pitch[batch].float(), keys[batch], steps)
            kept = min(_PITCH_FRAMES, part.shape[1])
            start = int(torch.randint(part.shape[1] - kept + 1, (), generator=random))
            return F.cross_entropy(chords(part[:, start : start + kept]).flatten(1), wanted)

        _descend(chords, of_harmony, len(labels), epochs, "harmony", say)
        _descend(ears, of_timbre, len(labels), epochs, "timbre", say)
        say("learning style")
        with torch.no_grad():
            known = torch.cat([_known(ears, pulse, some.float()) for some in mel.split(_BATCH)])
        styles = torch.tensor([STYLES.index(clip["style"]) for clip in labels])
        manner = style.fit(known, styles, generator("measure", "style"))
    return Probes(ears, chords, pulse, manner)


def varied(mel: Tensor, random: torch.Generator) -> Tensor:
    """A part of each clip, tilted by a random slope over the bands, a few bands hidden: what a room, an
    equaliser or a decoder may change without changing who plays. [B, F, M] -> [B, F', M]"""
    count, frames, bands = mel.shape
    kept = min(_MEL_FRAMES, frames)
    slopes = _TILT * torch.randn(count, 1, 1, generator=random) * torch.linspace(-1.0, 1.0, bands)
    starts = torch.randint(frames - kept + 1, (count,), generator=random).tolist()
    parts = (
        torch.stack([clip[start : start + kept] for clip, start in zip(mel, starts, strict=True)]) + slopes
    )
    for part in parts:
        low = int(torch.randint(bands - _BANDS_HIDDEN, (), generator=random))
        part[:, low : low + int(torch.randint(_BANDS_HIDDEN + 1, (), generator=random))] = part.mean()
    return parts


def _descend(
    network: nn.Module, loss: Loss, size: int, epochs: int, name: str, say: Callable[[str], None]
) -> None:
    """AdamW with one cycle of the learning rate over whole epochs; ends in evaluation mode."""
    batch = min(_BATCH, size)
    steps = epochs * (size // batch)
    optimiser = torch.optim.AdamW(network.parameters(), lr=_RATE, weight_decay=_DECAY)
    for epoch in range(epochs):
        random, total = generator("measure", name, epoch), 0.0
        order = torch.randperm(size, generator=random)
        for place, first in enumerate(range(0, size - batch + 1, batch)):
            done = (epoch * (size // batch) + place) / steps
            rise = min(1.0, done / 0.15)
            optimiser.param_groups[0]["lr"] = _RATE * rise * (0.5 + 0.5 * math.cos(math.pi * done))
            value = loss(order[first : first + batch], random)
            optimiser.zero_grad()
            value.backward()
            optimiser.step()
            total += value.item()
        say(f"learning {name}: epoch {epoch + 1} of {epochs}, loss {total / (size // batch):.3f}")
    network.eval().requires_grad_(False)
