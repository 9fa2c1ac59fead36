"""What frozen text networks make of captions. Letters: C captions, E width of the encoder, D of the joint
space."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from ..checkpoint import external_tensors, write_tensors
from ..corpus.dataset import SPLITS
from ..models.bert import Bert
from ..models.mulan_text import MulanText
from ..trainer.settings import digest
from .captions import Words
from .context import Context

FOLDER = "captions"


class Reader:
    """Reads captions. What the encoder that a package carries (`mulan.bert.external`) makes of all captions
    of the corpus is kept in `DIR/captions`: it takes minutes, never changes, and three stages ask for it."""

    def __init__(self, context: Context) -> None:
        self.context, self.config = context, context.config
        self.words, self.device = Words(context.config), context.processes.device

    @property
    def is_external(self) -> bool:
        """Whether the encoder is a package's, so that it never learns."""
        return self.config.mulan.bert.external is not None

    @cached_property
    def states(self) -> dict[str, Tensor]:
        """The external encoder's state of every caption of the corpus, [E] each."""
        clips = (clip for split in SPLITS for clip in self.context.corpus.split(split))
        texts = sorted({caption.text for clip in clips for caption in clip.captions})
        known = self._kept(texts, lambda: {"states": self._encoded(texts)})
        return dict(zip(texts, known["states"].to(self.device), strict=True))

    def keeps(self, known: Any) -> bool:
        """Whether what `kept` would be asked for lies on disk."""
        return self.is_external and self._path(known).exists()

    def kept(
        self, known: Any, new: Callable[[], tuple[list[str], Tensor]], tower: MulanText
    ) -> tuple[Tensor, Tensor]:
        """What the encoder of a frozen text tower makes of new captions [C, E], and what belongs to each [C,
        ...]; kept too, by all that the captions depend on, where the encoder is a package's."""

        def encoded() -> dict[str, Tensor]:
            texts, beside = new()
            if self.is_external:
                return {"states": self._encoded(texts), "beside": beside}
            table = self.words.table(texts, tower.bert, self.device)
            return {"states": torch.stack([table[text] for text in texts]), "beside": beside}

        found = self._kept(known, encoded) if self.is_external else encoded()
        return found["states"].to(self.device), found["beside"]

    def _path(self, known: Any) -> Path:
        external = self.config.mulan.bert.external
        assert external is not None
        name = digest([known, external.weights_sha256, external.vocab_sha256])[:16]
        return self.context.stage(FOLDER) / f"{name}.safetensors"

    def _kept(self, known: Any, new: Callable[[], dict[str, Tensor]]) -> dict[str, Tensor]:
        path = self._path(known)
        try:
            return load_file(path)
        except (OSError, SafetensorError):
            found = {key: value.cpu() for key, value in new().items()}
        self.context.processes.barrier()
        if self.context.processes.first:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_tensors(path, found)
        return found

    @cached_property
    def _encoder(self) -> Bert:
        bert = self.config.mulan.bert
        assert bert.external is not None
        network = Bert(bert).to(self.device).eval().requires_grad_(False)
        tensors = external_tensors(bert.external)
        network.load_state_dict({key.removeprefix("bert."): value for key, value in tensors.items()})
        return network

    def _encoded(self, texts: list[str]) -> Tensor:
        table = self.words.table(texts, self._encoder, self.device, shown="reading captions")
        return torch.stack([table[text] for text in texts])

    @torch.no_grad()
    def read(self, texts: Iterable[str], tower: MulanText) -> dict[str, Tensor]:
        """A frozen text tower's unit vectors of any texts, [D] each."""
        if not self.is_external:
            return self.words.table(texts, tower, self.device)
        states = self.words.table(texts, self._encoder, self.device)
        return {text: F.normalize(tower.projection(state), dim=-1) for text, state in states.items()}

    def encoded(self, texts: Iterable[str], tower: MulanText) -> dict[str, Tensor]:
        """What the encoder of a frozen text tower makes of captions of the corpus, [E] each."""
        if not self.is_external:
            return self.words.table(texts, tower.bert, self.device)
        return {text: self.states[text] for text in texts}

    @torch.no_grad()
    def vectors(self, texts: Iterable[str], tower: MulanText) -> dict[str, Tensor]:
        """A frozen text tower's unit vectors of captions of the corpus, [D] each."""
        if not self.is_external:
            return self.words.table(texts, tower, self.device)
        ordered = sorted(set(texts))
        if not ordered:
            return {}
        states = torch.stack([self.states[text] for text in ordered])
        return dict(zip(ordered, F.normalize(tower.projection(states), dim=-1), strict=True))
