"""MuLan: one space for audio and text (1.1, 1.2). Letters: B batch, F frames, M bands, T tokens, D width."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..checkpoint import external_tensors
from ..losses.contrastive import decoupled, info_nce, ranks
from ..models.mulan_audio import Embeddings, MulanAudio
from ..models.mulan_text import MulanText
from ..trainer.randomness import Draw, generator
from ..trainer.task import Metrics, Task
from ..trainer.update import Update
from .banks import FilterBanks
from .captions import captioned, held_out, number, pick
from .context import Context
from .reading import Reader

SHARPEST = 100.0
"""Largest 1 / tau."""


@dataclass(frozen=True)
class Pairs:
    """Filter banks [B, F, M]; the texts as token ids [B, T] with their mask [B, T], or as a frozen tower's
    states [B, D] with None; numbers that tell equal texts and equal clips, [B] each."""

    banks: Tensor
    words: Tensor
    mask: Tensor | None
    texts: Tensor
    clips: Tensor


class Temperature(nn.Module):
    """The trainable tau of 1.2, as its logarithm. Keys: `log_tau`."""

    def __init__(self, tau: float) -> None:
        super().__init__()
        self.log_tau = nn.Parameter(torch.tensor(math.log(tau)))

    def forward(self, audio: Tensor, text: Tensor) -> Tensor:
        """Unit vectors [B, D] each -> cosines / tau [B, B]"""
        return audio @ text.T * torch.exp(-self.log_tau)

    @torch.no_grad()
    def clamp(self) -> None:
        """Keeps 1 / tau below `SHARPEST`; done to the parameter, so that it can come back."""
        self.log_tau.clamp_(min=-math.log(SHARPEST))


class MulanTask(Task):
    """Contrastive learning of audio tower, text tower and temperature over the pairs of all processes. A text
    encoder that a package carries (`mulan.bert.external`) stays as it is: only its projection learns, from
    states that are computed once, since a checkpoint does not hold the encoder."""

    stage: ClassVar[str] = "mulan"

    def __init__(self, context: Context) -> None:
        self.config, self.settings, self.processes = (
            context.config,
            context.settings.mulan,
            context.processes,
        )
        self.clips, self.held_out = captioned(context), held_out(context, self.settings.validation_clips)
        torch.manual_seed(self.settings.seed)
        mulan, device = self.config.mulan, self.processes.device
        self.audio, self.text = MulanAudio(mulan), MulanText(mulan)
        self.temperature = Temperature(self.settings.tau)
        for part in (self.audio, self.text):
            _initialise(part)
        for part in (self.audio, self.text, self.temperature):
            part.to(device)
        self.reader = Reader(context)
        self.banks = FilterBanks(self.config, self.settings.cache_megabytes, device)
        self.frozen = self.reader.is_external
        if mulan.bert.external:
            self.text.load_state_dict(external_tensors(mulan.bert.external), strict=False)

    @property
    def modules(self) -> Mapping[str, nn.Module]:
        """See `Task`; an external encoder is not among them."""
        text = self.text.projection if self.frozen else self.text
        return {"mulan_audio": self.audio, "mulan_text": text, "temperature": self.temperature}

    @property
    def groups(self) -> Mapping[str, list[nn.Parameter]]:
        """See `Task`."""
        parts = self.modules.values()
        return {"mulan": [parameter for part in parts for parameter in part.parameters()]}

    @property
    def examples(self) -> int:
        """See `Task`."""
        return len(self.clips)

    def batch(self, draws: list[Draw]) -> Pairs:
        """A random crop of each clip's banks and one of its captions."""
        banks = self.banks.drawn(self.clips, draws, self.settings)
        texts = [pick(self.clips[draw.index], draw.generator) for draw in draws]
        return self._pairs(banks, texts, [draw.index for draw in draws])

    def _pairs(self, banks: Tensor, texts: Sequence[str], clips: Sequence[int]) -> Pairs:
        device = self.processes.device
        if self.frozen:
            words, mask = torch.stack([self.reader.states[text] for text in texts]), None
        else:
            words, mask = (part.to(device) for part in self.reader.words.ids(texts))
        numbers = torch.tensor([number(text) for text in texts], device=device)
        return Pairs(banks.to(device), words, mask, numbers, torch.tensor(clips, device=device))

    def embed(self, pairs: Pairs, autocast: AbstractContextManager[Any]) -> tuple[Tensor, Tensor]:
        """Unit vectors of audio and text [B, D]; trunks in mixed precision, the joint space in f32."""
        with autocast:
            heard = self.audio.ast(pairs.banks)
            read = pairs.words if pairs.mask is None else self.text.bert(pairs.words, pairs.mask)
        vectors = self.audio.projection(heard.float()), self.text.projection(read.float())
        return F.normalize(vectors[0], dim=-1), F.normalize(vectors[1], dim=-1)

    def optimise(self, batch: Pairs, step: int, update: Update) -> Metrics:
        """One step; every process computes the loss of all pairs, so that the mean of their gradients is that
        of one process with all of them."""
        audio, text = (self.processes.gather(part) for part in self.embed(batch, update.autocast()))
        same = self._same(self.processes.gather(batch.texts), self.processes.gather(batch.clips))
        scores = self.temperature(audio, text)
        loss = (decoupled if self.settings.decoupled else info_nce)(scores, same)
        update("mulan", loss)
        self.temperature.clamp()
        with torch.no_grad():
            first = (ranks(scores, same) == 1).float().mean()
        return {"loss": loss, "accuracy": first, "tau": self.temperature.log_tau.detach().exp()}

    @staticmethod
    def _same(texts: Tensor, clips: Tensor) -> Tensor:
        return (texts[:, None] == texts) | (clips[:, None] == clips)

    def validate(self) -> dict[str, float]:
        """Over held-out clips with their first captions: InfoNCE; recall at 1 and 10 and mean rank of the
        text by the audio and of the audio by the text; the same recalls with the texts shuffled, which is
        what chance gives."""
        if not self.held_out:
            return {}
        parts, step = [], self.settings.batch
        for first in range(0, len(self.held_out), step):
            clips = self.held_out[first : first + step]
            banks = torch.stack([self.banks.fitted(clip) for clip in clips]).float()
            texts = [clip.captions[0].text for clip in clips]
            pairs = self._pairs(banks, texts, range(first, first + len(clips)))
            parts.append((*self.embed(pairs, nullcontext()), pairs.texts))
        audio, text, numbers = (torch.cat(part) for part in zip(*parts, strict=True))
        same = numbers[:, None] == numbers
        scores = self.temperature(audio, text)
        figures = {"loss": float(info_nce(scores, same))}
        for name, table, pairs_alike in (("text", scores, same), ("audio", scores.T, same.T)):
            places = ranks(table, pairs_alike).double()
            figures |= {f"{name}_{key}": value for key, value in _recalls(places).items()}
            figures[f"{name}_rank"] = float(places.mean())
        moved = _shuffled(len(numbers))
        places = ranks(scores[:, moved], same[moved][:, moved]).double()
        return figures | {f"shuffled_{key}": value for key, value in _recalls(places).items()}

    def exports(self) -> Mapping[str, nn.Module]:
        """Both towers."""
        return {"mulan_audio": self.audio, "mulan_text": self.text}


def _recalls(places: Tensor) -> dict[str, float]:
    return {f"recall_{count}": float((places <= count).double().mean()) for count in (1, 10)}


def _shuffled(count: int) -> Tensor:
    """An order in which nothing but a single pair keeps its place."""
    shift = 1 + int(torch.randint(max(1, count - 1), (), generator=generator("mulan", "shuffled")))
    return torch.arange(count).roll(shift)


@torch.no_grad()
def _initialise(tower: nn.Module) -> None:
    """The towers' own start (BERT, AST): normal weights of deviation 0.02, biases of zero; LayerNorms keep
    theirs."""
    for part in tower.modules():
        if isinstance(part, nn.Linear | nn.Embedding | nn.Conv2d):
            nn.init.normal_(part.weight, std=0.02)
        if isinstance(part, nn.Linear | nn.Conv2d):
            nn.init.zeros_(part.bias)
        for parameter in part.parameters(recurse=False) if isinstance(part, Embeddings) else ():
            nn.init.normal_(parameter, std=0.02)
