"""Extraction: every clip through the frozen networks, once, so that the language model and the diffusion
train from tensors (`tensors.py` describes the files). Latents have a stage of their own (`latents.py`)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ..corpus.dataset import Clip
from .clips import batches, whole
from .context import Context
from .labels import PLACES, complete, targets
from .reading import Reader
from .shards import write_shards
from .told_centres import parts, renamed, require_parts


class Networks:
    """The frozen networks, f32."""

    def __init__(self, context: Context) -> None:
        self.config, self.device = context.config, context.processes.device
        self.batch = context.settings.extract.batch
        self.tokenizer, self.rvq = context.taken("extract", "tokenizer"), context.taken("extract", "rvq")
        self.audio = context.taken("extract", "mulan_audio")
        self.text = context.taken("extract", "mulan_text")
        self.reader = Reader(context)
        # Centres that are adopted were never made by these settings.
        require_parts(context.settings.kmeans)
        self.label = context.settings.kmeans.divided_by if context.told else ""
        self.others = context.config.semantic_vocab // (context.told_centres or 1)

    def hear(self, clips: Sequence[Clip]) -> tuple[Tensor, Tensor]:
        """Clips, each cut or padded to a clip's length -> tokens i16 [B, T], codes i16 [B, Q]"""
        audio = whole(clips, self.config.clip_seconds * self.config.sample_rate).to(self.device)
        tokens, codes = self._named(clips, self.tokenizer.tokens(audio)), self.rvq.encode(self.audio(audio))
        return tokens.short().cpu(), codes.short().cpu()

    def _named(self, clips: Sequence[Clip], tokens: Tensor) -> Tensor:
        """Tokens [B, T], those of clips with labels of the part that is theirs"""
        rows = [row for row, clip in enumerate(clips) if self.label and complete(clip)]
        if rows:
            wanted = targets([clips[row] for row in rows])[:, PLACES[self.label]]
            tokens[rows] = renamed(tokens[rows], wanted.to(tokens), parts(self.label), self.others)
        return tokens

    def read(self, clips: Sequence[Clip]) -> dict[str, Tensor]:
        """The captions' tensors of a file."""
        captions = [caption for clip in clips for caption in clip.captions]
        table = self.reader.vectors((caption.text for caption in captions), self.text)
        quantizers = self.config.rvq.quantizers
        rows = [table[caption.text] for caption in captions]
        codes = self.rvq.encode(torch.stack(rows)).short().cpu() if rows else None
        counts = torch.tensor([0, *(len(clip.captions) for clip in clips)])
        return {
            "text_codes": torch.zeros(0, quantizers, dtype=torch.int16) if codes is None else codes,
            "text_heldout": torch.tensor([caption.heldout for caption in captions], dtype=torch.bool),
            "text_offsets": counts.cumsum(0),
        }

    def tensors(self, clips: Sequence[Clip]) -> dict[str, Tensor]:
        """What a file holds of its clips."""
        parts = zip(*(self.hear(batch) for batch in batches(clips, self.batch)), strict=True)
        tokens, codes = (torch.cat(part) for part in parts)
        return {"tokens": tokens, "codes": codes, **self.read(clips)}


@torch.inference_mode()
def extract(context: Context) -> dict[str, float]:
    """Writes the files that are not there yet. Raises `TrainingError`, `CorpusError`."""
    return {"clips": float(write_shards(context, "extract", Networks(context).tensors))}
