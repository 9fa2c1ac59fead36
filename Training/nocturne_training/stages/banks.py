"""Filter banks of whole clips, computed once (1.1). Letters: B batch, F frames, M bands."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Generator, Tensor

from ..config import Config
from ..corpus.dataset import Clip
from ..models.filter_bank import DEVIATION, HOP, MEAN, WINDOW, filter_bank, resample
from ..trainer.randomness import Draw
from ..trainer.settings import MulanSettings

_SILENT = -MEAN / (2 * DEVIATION)
"""What the audio tower sees where a clip has no frames."""


class FilterBanks:
    """Keeps the banks of clips in memory as f16, 0.25 MB for ten seconds of 128 bands, up to a limit; what
    lies beyond is computed again each time, to the same values."""

    def __init__(self, config: Config, megabytes: int) -> None:
        self.config, self.room = config, megabytes * 1_000_000
        self._kept: dict[str, Tensor] = {}

    def whole(self, clip: Clip) -> Tensor:
        """All frames of a clip, no more than a clip's length -> f16 [F, M]"""
        key = str(clip.path)
        if key in self._kept:
            return self._kept[key]
        limit = self.config.clip_seconds * self.config.sample_rate
        audio = resample(torch.from_numpy(clip.audio(0, min(limit, clip.samples)))[None])
        audio = torch.nn.functional.pad(audio, (0, max(0, WINDOW - audio.shape[1])))
        frames = (audio.shape[1] - WINDOW) // HOP + 1
        bank = filter_bank(audio, self.config.mulan.ast.mel, frames)[0].half()
        if bank.nbytes <= self.room:
            self.room -= bank.nbytes
            self._kept[key] = bank
        return bank

    def fitted(self, clip: Clip, generator: Generator | None = None) -> Tensor:
        """As many frames as the tower takes, the first ones or from a random place, silence behind shorter
        clips -> f32 [F, M]"""
        bank, frames = self.whole(clip).float(), self.config.mulan.ast.frames
        room = len(bank) - frames
        start = int(torch.randint(room + 1, (), generator=generator)) if generator and room > 0 else 0
        return torch.nn.functional.pad(bank[start : start + frames], (0, 0, 0, max(0, -room)), value=_SILENT)

    def drawn(self, clips: Sequence[Clip], draws: Sequence[Draw], settings: MulanSettings) -> Tensor:
        """Random crops with random masks -> [B, F, M]"""
        parts = []
        for draw in draws:
            bank = self.fitted(clips[draw.index], draw.generator)
            _mask(bank, settings.time_masks, settings.time_mask_frames, draw.generator)
            _mask(bank.T, settings.band_masks, settings.band_mask_bands, draw.generator)
            parts.append(bank)
        return torch.stack(parts)


def _mask(bank: Tensor, count: int, widest: int, generator: Generator) -> None:
    """SpecAugment (Park et al., 2019): zeroes, the mean of the normalised banks, `count` runs of rows, each
    of 0 to `widest`, in place."""
    for _ in range(count):
        width = int(torch.randint(min(widest, len(bank)) + 1, (), generator=generator))
        start = int(torch.randint(len(bank) - width + 1, (), generator=generator))
        bank[start : start + width] = 0.0
