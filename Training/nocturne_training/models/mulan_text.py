"""MuLan's text tower: BERT, one linear map to the joint space, L2 norm (1.1)."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from ..config import Mulan
from .bert import Bert


class MulanText(nn.Module):
    """Keys: `bert.*` (where the encoder is the checkpoint's own), `projection.{weight,bias}`. `borrowed` are
    prefixes of the keys that an installed package carries instead."""

    def __init__(self, config: Mulan) -> None:
        super().__init__()
        self.bert = Bert(config.bert)
        self.borrowed = ("bert.",) if config.bert.external else ()
        self.projection = nn.Linear(config.bert.dim, config.dim)

    def forward(self, ids: Tensor, mask: Tensor | None = None) -> Tensor:
        """Token ids [B, T], mask [B, T] true on real tokens -> unit vectors [B, dim]"""
        return F.normalize(self.projection(self.bert(ids, mask)), dim=-1)
