"""Tunes the diffusion network for what a listener hears in what it makes: the gradient of the listener's
surprise goes through the last steps of the sampler (DRaFT, Clark et al., 2024), and where it listens to the
sound, through the decoder too. Its own loss is content with the mean of all that the tokens leave open, in
which nobody can be told apart.

Letters: B batch, L latent frames, Z latent channels, T semantic tokens."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, cast

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from ..models.listeners import surprise
from ..models.lm import Lm
from ..sampler import sample
from ..schedule import angles
from ..trainer.precision import mixed
from ..trainer.randomness import Draw, generator, normal
from ..trainer.task import Metrics
from ..trainer.update import Update
from .context import Context
from .correction import Correction
from .dpd import Batch, DpdTask
from .drawing import draw
from .labels import CHOICES, PLACES
from .listeners import certain, labelled, learned
from .requests import MODE
from .sounding import Manner, Sounding

HISS = 0.1
"""Deviation up to which the listener hears noise beside the latents."""
CAPTIONS = 64
"""For which the language model draws at a time."""
SEMITONES = 2
"""Up to which it hears them transposed: what pleases it must not be one channel."""


@dataclass(frozen=True)
class Played:
    """What clips are made from, and how they are heard: semantic tokens [B, T], the noise that the sampler
    starts from and what is heard beside the latents, both [B, L, Z], probabilities of the labels wanted
    [B, choices], by how many semitones to transpose, how many steps to make them in, in how many of the last
    to learn, and how sound is heard."""

    tokens: Tensor
    start: Tensor
    hiss: Tensor
    wanted: dict[str, Tensor]
    semitones: int
    steps: int
    learning: int
    manner: Manner


class DpdTunedTask(DpdTask):
    """The error of the velocity as before, and the listener's surprise at clips made of their own tokens,
    corrected where the settings ask for it, which should be what they are, or of those that the language
    model draws, which should be what these tell."""

    stage: ClassVar[str] = "dpdtuned"

    def __init__(self, context: Context) -> None:
        self.tuning = context.settings.dpdtuned
        super().__init__(context, self.tuning)
        self.dpd.load_state_dict(context.taken(self.stage, "dpd").state_dict())
        self.listener = learned(context, "latents")
        # What captions ask for and tokens tell.
        wanted = self.tuning.wanted
        self.wanting = {name: w for name, w in wanted.items() if name != MODE or context.tells_mode}
        self.sounding = Sounding(context) if self.tuning.sound_weight > 0 else None
        self.places, self.wanted = labelled(context, "train")
        weight = self.tuning.correction
        self.correction = Correction(context, self.clips, weight) if weight else None
        self.drawn, self.told = self._drawn(context)
        self.held_out_places, self.held_out_wanted = labelled(context, context.held_out)

    @property
    def examples(self) -> int:
        """See `Task`."""
        return len(self.places)

    def batch(self, draws: list[Draw]) -> tuple[Batch, Played]:
        """What `DpdTask` learns from, and what the same clips are made from."""
        batch = super().batch([Draw(int(self.places[one.index]), one.generator) for one in draws])
        labels = self.wanted[[one.index for one in draws]]
        if self.correction:
            batch = replace(batch, tokens=self.correction(batch.tokens, labels))
        first, shape, device = draws[0].generator, tuple(batch.latents.shape[1:]), self.processes.device
        level = HISS * torch.rand(len(draws), 1, 1, generator=first).to(device)
        tokens, wanted = batch.tokens.clone(), certain(labels)
        for row, one in enumerate(draws if len(self.drawn) else ()):
            if float(torch.rand((), generator=one.generator)) < self.tuning.drawn_share:
                place = int(torch.randint(len(self.drawn), (), generator=one.generator))
                tokens[row] = self.drawn[place, : tokens.shape[1]]
                for name in self.wanting:
                    wanted[name][row] = self.told[name][place]
        return batch, Played(
            tokens=tokens,
            start=normal(draws, shape, device),
            hiss=level * normal(draws, shape, device),
            wanted={name: wanted[name].to(device) for name in self.wanting},
            semitones=int(torch.randint(-SEMITONES, SEMITONES + 1, (), generator=first)),
            steps=self._steps(first),
            learning=int(torch.randint(1, self.tuning.through + 1, (), generator=first)),
            manner=Manner.drawn(draws, shape[0] - self.tuning.sound_frames, SEMITONES, device),
        )

    def optimise(self, batch: tuple[Batch, Played], step: int, update: Update) -> Metrics:
        """See `Task`."""
        own, played = batch
        loss, error, restored = self.objective(own.latents, own.noise, own.angles, own.tokens, own.dropped)
        made = self.play(played.tokens, played.start, played.steps, played.learning)
        heard = self.listener(made.clamp(-1.0, 1.0) + played.hiss, played.semitones)
        missed = surprise(heard, played.wanted, self.wanting)
        metrics = {"loss": loss, "missed": missed, "velocity": error, "latents": restored}
        total = loss + self.tuning.reward_weight * missed
        if self.sounding:
            metrics["unheard"] = self.sounding(made.clamp(-1.0, 1.0), played.wanted, played.manner, step)
            total = total + self.tuning.sound_weight * metrics["unheard"]
        update("dpd", total)
        return metrics

    @torch.no_grad()
    def _drawn(self, context: Context) -> tuple[Tensor, dict[str, Tensor]]:
        """Tokens for captions of as many training clips as asked [N, T], and what they tell."""
        random = generator(self.tuning.seed, self.stage, "drawn")
        places = torch.randint(len(self.clips), (self.tuning.drawn,), generator=random).tolist()
        texts = [self.clips.text_codes(place, heldout=False) for place in places]
        codes = [rows[int(torch.randint(len(rows), (), generator=random))] for rows in texts if len(rows)]
        if not codes:
            return torch.zeros(0, 0, dtype=torch.long), {}
        lm = cast(Lm, context.taken(self.stage, "lm"))
        listener, device = learned(context, "tokens"), self.processes.device
        torch.manual_seed(random.initial_seed())
        parts = torch.stack(codes).split(CAPTIONS)
        tokens = [draw(lm, part.to(device), self.config.clip_tokens) for part in parts]
        heard = [listener(part) for part in tokens]
        # The likeliest choice: what tokens leave open must be heard as something, not as anything.
        told = {name: torch.cat([h[name] for h in heard]).argmax(dim=1).cpu() for name in self.wanting}
        return torch.cat(tokens), {
            name: F.one_hot(place, len(CHOICES[name])).float() for name, place in told.items()
        }

    def _steps(self, random: Generator) -> int:
        """`sampler_steps` for half of the batches, else any number up to `most_steps`."""
        fewest, most = self.tuning.sampler_steps, max(self.tuning.sampler_steps, self.tuning.most_steps)
        drawn = int(torch.randint(fewest, most + 1, (), generator=random))
        return drawn if float(torch.rand((), generator=random)) < 0.5 else fewest

    def play(self, tokens: Tensor, z: Tensor, count: int, learning: int = 0) -> Tensor:
        """Semantic tokens [B, T] and noise [B, L, Z] -> latents [B, L, Z], as they are rendered in `count`
        steps (6.1); with gradients through the last `learning`, of their conditional half alone."""
        own = self.config.dpd
        first = angles(own.schedule, count)[count - learning]

        def velocity(noisy: Tensor, at: Tensor, given: bool) -> Tensor:
            # The last angle, at which nothing is asked, is 0.
            learns = given and float(at[0, 0]) < first + 1e-6
            with torch.set_grad_enabled(learns), mixed(z.device.type, self.settings.precision):
                condition = self.dpd.condition(tokens, conditional=given)
                return self.dpd(noisy, at, condition, conditional=given).float()

        return sample(velocity, z, count, schedule=own.schedule, guidance=own.guidance)

    def validate(self) -> dict[str, float]:
        """See `probe`; and how often the listener hears each label right in held-out clips made of their own
        tokens."""
        size = self.settings.batch
        places = self.held_out_places[: self.settings.validation_clips]
        right: dict[str, list[Tensor]] = {name: [] for name in self.wanting}
        for some, wanted in zip(places.split(size), self.held_out_wanted.split(size), strict=False):
            heard = self.listener(self._played(some.tolist()).clamp(-1.0, 1.0))
            for name, found in right.items():
                found.append(heard[name].argmax(dim=1).cpu() == wanted[: len(some), PLACES[name]])
        shares = {f"heard_{name}": float(torch.cat(f).float().mean()) for name, f in right.items() if f}
        return super().validate() | shares

    def _played(self, places: list[int]) -> Tensor:
        shape, device = (self.config.clip_frames, self.config.latent_dim), self.processes.device
        start = torch.stack([torch.randn(shape, generator=generator("listen", place)) for place in places])
        tokens = torch.stack([self.held_out.tokens(place) for place in places])
        return self.play(tokens.to(device), start.to(device), self.tuning.sampler_steps)
