"""The checkpoint's own networks over clips: two spaces of embeddings, the decoder heard alone, and diffusion
and decoder heard together. Letters: N samples, D width."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ..checkpoint import load_module, vocabulary_path
from ..config import load
from ..losses.spectral import log_mel_error, si_sdr
from ..melody import play
from ..models.dpd import Dpd
from ..models.mulan_audio import MulanAudio
from ..models.mulan_text import MulanText
from ..models.tokenizer import Tokenizer
from ..models.vae import VaeDecoder, VaeEncoder
from ..random import noise
from ..wordpiece import WordPiece

_BATCH = 8
_STRIDE = 960


@dataclass(frozen=True)
class Embedded:
    """Clips in both spaces: means over time of what k-means sees [clips, D], and MuLan's unit vectors."""

    tokenizer: np.ndarray
    mulan: np.ndarray


class Encoders:
    """The encoders of a checkpoint, its DPD and its VAE. Raises `CheckpointError` where one of them is
    missing: a checkpoint that only renders cannot be measured."""

    def __init__(self, model: Path) -> None:
        self.config = load(model / "config.json")
        names = "tokenizer", "mulan_audio", "mulan_text", "vae_encoder", "dpd", "vae_decoder"
        parts = {name: load_module(model, name, self.config) for name in names}
        self.tokenizer: Tokenizer = parts["tokenizer"]
        self.audio: MulanAudio = parts["mulan_audio"]
        self.text: MulanText = parts["mulan_text"]
        self.encoder: VaeEncoder = parts["vae_encoder"]
        self.dpd: Dpd = parts["dpd"]
        self.decoder: VaeDecoder = parts["vae_decoder"]
        self.pieces = WordPiece.load(vocabulary_path(model, self.config))

    @torch.inference_mode()
    def hear(self, clips: Iterable[np.ndarray]) -> Embedded:
        """Float audio of equal lengths [N] in both spaces."""
        tokenizer, mulan = [], []
        waiting = iter(clips)
        while batch := list(islice(waiting, _BATCH)):
            audio = _whole(_stacked(batch), _STRIDE)
            tokenizer.append(self.tokenizer.tap(audio).mean(dim=1))
            mulan.append(self.audio(audio))
        return Embedded(torch.cat(tokenizer).numpy(), torch.cat(mulan).numpy())

    @torch.inference_mode()
    def read(self, captions: Iterable[str]) -> np.ndarray:
        """Unit vectors of captions [captions, D]"""
        longest = self.config.mulan.bert.max_tokens
        rows = [self.text(torch.tensor([self.pieces.encode(text, longest).ids])) for text in captions]
        return torch.cat(rows).numpy()

    @torch.inference_mode()
    def decoded(self, clips: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        """The clips after the VAE's encoder and decoder, a little shorter where a hop does not fill."""
        for clip in clips:
            audio = _whole(_stacked([clip]), self.config.hop)
            yield self.decoder(self.encoder.latents(audio))[0].numpy()

    @torch.inference_mode()
    def retold(self, clips: Iterable[np.ndarray], steps: int) -> Iterator[np.ndarray]:
        """What the DPD, in `steps` steps, and the decoder make of the clips' own tokens. The noise of a clip
        is that of its place as a seed."""
        for place, clip in enumerate(clips):
            audio = _whole(_stacked([clip]), _STRIDE)
            tokens, frames = self.tokenizer.tokens(audio), audio.shape[1] // self.config.hop
            z = torch.from_numpy(noise(place, frames, self.config.latent_dim))
            yield play(self.dpd, self.decoder, tokens, z[None], steps)[1][0].numpy()


@dataclass(frozen=True, slots=True)
class Fidelity:
    """How close sound is to what it should be: log-mel error in nepers, SI-SDR in dB, means over clips."""

    log_mel: float
    si_sdr: float

    @staticmethod
    def of(real: Iterable[np.ndarray], generated: Iterable[np.ndarray]) -> Fidelity:
        """Compares clip by clip, over the length both have."""
        errors, ratios = [], []
        for one, other in zip(real, generated, strict=True):
            length = min(len(one), len(other))
            pair = _stacked([one[:length]]), _stacked([other[:length]])
            errors.append(float(log_mel_error(*pair)))
            ratios.append(float(si_sdr(*pair)[0]))
        return Fidelity(float(np.mean(errors)), float(np.mean(ratios)))


def _stacked(clips: Iterable[np.ndarray]) -> Tensor:
    return torch.from_numpy(np.stack([np.asarray(clip, dtype=np.float32) for clip in clips]))


def _whole(audio: Tensor, unit: int) -> Tensor:
    """As many whole units of [B, N] as there are."""
    return audio[:, : audio.shape[1] // unit * unit]
