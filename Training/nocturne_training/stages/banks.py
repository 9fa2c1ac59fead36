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
from .kept import Kept

_SILENT = -MEAN / (2 * DEVIATION)
"""What the audio tower sees where a clip has no frames."""


class FilterBanks:
    """Keeps the banks of clips in the device's memory as f16, 0.25 MB for ten seconds of 128 bands, up to a
    limit (`kept.py`)."""

    def __init__(self, config: Config, megabytes: int, device: torch.device) -> None:
        self.config, self.kept, self.device = config, Kept(megabytes), device

    def whole(self, clip: Clip) -> Tensor:
        """All frames of a clip, no more than a clip's length, and silence where the tower takes more -> f16
        [F, M]"""
        return self.kept.get(str(clip.path), lambda: self._computed(clip))

    def _computed(self, clip: Clip) -> Tensor:
        limit = self.config.clip_seconds * self.config.sample_rate
        audio = torch.from_numpy(clip.audio(0, min(limit, clip.samples)))
        audio = resample(audio[None].to(self.device))
        audio = torch.nn.functional.pad(audio, (0, max(0, WINDOW - audio.shape[1])))
        frames = (audio.shape[1] - WINDOW) // HOP + 1
        bank = filter_bank(audio, self.config.mulan.ast.mel, frames)[0].half()
        missing = max(0, self.config.mulan.ast.frames - frames)
        return torch.nn.functional.pad(bank, (0, 0, 0, missing), value=_SILENT)

    def fitted(self, clip: Clip, generator: Generator | None = None) -> Tensor:
        """As many frames as the tower takes, the first ones or from a random place, silence behind shorter
        clips -> f16 [F, M]"""
        bank, frames = self.whole(clip), self.config.mulan.ast.frames
        room = len(bank) - frames
        start = int(torch.randint(room + 1, (), generator=generator)) if generator and room > 0 else 0
        return bank[start : start + frames]

    def drawn(self, clips: Sequence[Clip], draws: Sequence[Draw], settings: MulanSettings) -> Tensor:
        """Random crops with random masks -> f32 [B, F, M]"""
        banks = torch.stack([self.fitted(clips[draw.index], draw.generator) for draw in draws]).float()
        frames = _masks(len(banks[0]), settings.time_masks, settings.time_mask_frames, draws)
        bands = _masks(banks.shape[2], settings.band_masks, settings.band_mask_bands, draws)
        kept = ~frames.to(banks.device)[:, :, None] & ~bands.to(banks.device)[:, None]
        # Zero is the mean of the normalised banks.
        return banks * kept


def _masks(length: int, count: int, widest: int, draws: Sequence[Draw]) -> Tensor:
    """SpecAugment (Park et al., 2019): `count` runs an example, each 0 to `widest` long -> true inside [B,
    length]"""
    chances = torch.stack([torch.rand(count, 2, generator=d.generator, dtype=torch.float64) for d in draws])
    widths = (chances[..., :1] * (min(widest, length) + 1)).long()
    starts = (chances[..., 1:] * (length - widths + 1)).long()
    places = torch.arange(length)
    return ((starts <= places) & (places < starts + widths)).any(dim=1)
