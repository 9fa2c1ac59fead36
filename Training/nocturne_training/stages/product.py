"""Centres that are made of parts. Letters: B vectors, V centres, D width."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .clustering import MiniBatchKmeans
from .told_centres import ToldCentres


class ProductCentres(nn.Module):
    """Centres of its own for each part of the vectors (product quantisation, Jégou et al., 2011): a centre of
    the whole is a centre of every part, the last part's number changing fastest. Keys: `parts.{i}.*`."""

    def __init__(self, *parts: MiniBatchKmeans | ToldCentres) -> None:
        super().__init__()
        self.widths = [part.centers.shape[1] for part in parts]
        self.parts = nn.ModuleList(parts)

    def split(self, vectors: Tensor) -> list[tuple[nn.Module, Tensor]]:
        """Each part with its own features of [B, D]"""
        return list(zip(self.parts, vectors.split(self.widths, dim=1), strict=True))

    @property
    def centers(self) -> Tensor:
        """The centres of the whole, without gradients [V, D]"""
        found, *others = (part.places for part in self.parts)
        for part in others:
            found = torch.cat((found.repeat_interleave(len(part), 0), part.repeat(len(found), 1)), dim=1)
        return found
