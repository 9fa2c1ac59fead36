"""Captions as token ids. Letters: B batch, T tokens, D width."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence

import torch
from torch import Generator, Tensor
from tqdm import tqdm

from ..checkpoint import external_file
from ..config import Config
from ..corpus.dataset import Clip
from ..trainer.errors import TrainingError
from ..wordpiece import WordPiece
from .context import Context
from .export import vocabulary

_CHUNK = 64


def captioned(context: Context) -> list[Clip]:
    """The training clips that have a caption. Raises `TrainingError` if there is none."""
    found = [clip for clip in context.corpus.split("train") if clip.captions]
    if not found:
        raise TrainingError(
            f"{context.corpus_directory}: no training clip has a caption, from which MuLan learns; add some"
        )
    return found


def held_out(context: Context, count: int) -> list[Clip]:
    """At most `count` held-out clips that have a caption; their first one is what validation takes."""
    return [clip for clip in context.corpus.split(context.held_out) if clip.captions][:count]


def known(clip: Clip) -> list[str]:
    """The texts to learn from: those whose phrasing is not held out, or all where every one is"""
    return [caption.text for caption in clip.captions if not caption.heldout] or [
        caption.text for caption in clip.captions
    ]


def pick(clip: Clip, generator: Generator) -> str:
    """One of the known texts at random"""
    texts = known(clip)
    return texts[int(torch.randint(len(texts), (), generator=generator))]


def number(text: str) -> int:
    """A number of 63 bits by which processes can tell equal texts"""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "little") >> 1


class Words:
    """The text tower's tokenisation, with the vocabulary that the checkpoint will have."""

    def __init__(self, config: Config) -> None:
        bert = config.mulan.bert
        source = (
            external_file(bert.external, "vocab.txt", bert.external.vocab_sha256)
            if bert.external
            else vocabulary(config)
        )
        self.longest = bert.max_tokens
        self.pieces = WordPiece(source) if isinstance(source, list) else WordPiece.load(source)

    def ids(self, texts: Sequence[str]) -> tuple[Tensor, Tensor]:
        """Token ids [B, T], zeros behind shorter texts, and a mask [B, T], true on real tokens"""
        rows = [torch.tensor(self.pieces.encode(text, self.longest).ids) for text in texts]
        ids = torch.nn.utils.rnn.pad_sequence(rows, batch_first=True)
        lengths = torch.tensor([len(row) for row in rows])
        return ids, torch.arange(ids.shape[1]) < lengths[:, None]

    @torch.no_grad()
    def table(
        self,
        texts: Iterable[str],
        network: Callable[[Tensor, Tensor], Tensor],
        device: torch.device,
        shown: str | None = None,
    ) -> dict[str, Tensor]:
        """What a frozen network (ids, mask) -> [B, D] gives for each text, [D] each; in chunks of texts of
        like lengths that depend on nothing but the set of texts. `shown` is the name of a progress bar."""
        ordered = sorted(set(texts), key=lambda text: (len(text), text))
        found: dict[str, Tensor] = {}
        firsts = range(0, len(ordered), _CHUNK)
        for first in tqdm(firsts, desc=shown, disable=None if shown else True, dynamic_ncols=True):
            chunk = ordered[first : first + _CHUNK]
            ids, mask = self.ids(chunk)
            found.update(zip(chunk, network(ids.to(device), mask.to(device)), strict=True))
        return found
