"""The whole text-to-music path in PyTorch from a checkpoint directory (6.1).

Letters: B batch, T semantic tokens, L latent frames, Z latent channels.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from .checkpoint import load_module, vocabulary_path
from .config import Config, load
from .models.dpd import Dpd
from .models.lm import Cache, Lm
from .models.modules import TEXT_TO_MUSIC
from .models.mulan_text import MulanText
from .models.rvq import Rvq
from .models.vae import VaeDecoder
from .random import SEMANTIC_SAMPLING, noise, uniform
from .sampler import sample as denoise
from .sampling import sample as choose
from .schedule import Schedule
from .wordpiece import WordPiece


@dataclass(frozen=True)
class Choice:
    """How semantic tokens are drawn; 0 and 1 switch top-k and top-p off. `nudge` is added to every random
    number, for those that lie on the edge between two tokens."""

    temperature: float = 1.0
    top_k: int = 0
    top_p: float = 1.0
    nudge: float = 0.0


@dataclass(frozen=True)
class Clip:
    """One rendered clip: `tokens` [T], `latents` [L, Z] before clipping, `audio` [N], which may end
    within the last frame."""

    embedding: Tensor
    codes: Tensor
    tokens: Tensor
    latents: Tensor
    audio: Tensor


@torch.inference_mode()
def generate_tokens(lm: Lm, codes: Tensor, seeds: list[int], count: int, choice: Choice) -> Tensor:
    """RVQ codes [B, Q], one seed per row -> semantic tokens [B, count], with a key-value cache; the random
    number of position t is element t of the seed's semantic stream, so batching changes nothing."""
    config = lm.config
    uniforms = choice.nudge + np.stack([uniform(seed, SEMANTIC_SAMPLING, 0, 0, count) for seed in seeds])
    cache: Cache = []
    ids, tokens = lm.prefix(codes), []
    for position in range(count):
        last = lm.hidden(ids, cache)[:, -1]
        logits = lm.head(last)[:, config.semantic_start : config.bos].float().numpy()
        drawn = [
            choose(row, u, choice.temperature, choice.top_k, choice.top_p)
            for row, u in zip(logits, uniforms[:, position], strict=True)
        ]
        tokens.append(drawn)
        ids = torch.tensor(drawn)[:, None] + config.semantic_start
    return torch.tensor(tokens).T.contiguous()


@torch.inference_mode()
def generate_latents(
    dpd: Dpd, tokens: Tensor, z: Tensor, steps: int, *, schedule: Schedule = "linear", guidance: float = 2.5
) -> Tensor:
    """Semantic tokens [B, T] and noise [B, L, Z] -> latents [B, L, Z], not clipped"""
    condition = dpd.condition(tokens)

    def velocity(noisy: Tensor, angles: Tensor, conditional: bool) -> Tensor:
        return dpd(noisy, angles, condition, conditional=conditional)

    return denoise(velocity, z, steps, schedule=schedule, guidance=guidance)


@torch.inference_mode()
def play(dpd: Dpd, decoder: VaeDecoder, tokens: Tensor, z: Tensor, steps: int) -> tuple[Tensor, Tensor]:
    """Semantic tokens [B, T] and noise [B, L, Z] -> latents [B, L, Z], not clipped, and audio [B, hop L], by
    the DPD's own schedule and guidance"""
    own = dpd.config
    latents = generate_latents(dpd, tokens, z, steps, schedule=own.schedule, guidance=own.guidance)
    return latents, decoder(latents.clamp(-1.0, 1.0))


class Melody:
    """Text to music with the networks of one checkpoint."""

    def __init__(self, directory: Path, dtype: torch.dtype = torch.float32) -> None:
        self.config: Config = load(directory / "config.json")
        parts = {name: load_module(directory, name, self.config).to(dtype) for name in TEXT_TO_MUSIC}
        self.text: MulanText = parts["mulan_text"].float()
        self.rvq: Rvq = parts["rvq"].float()
        self.lm: Lm = parts["lm"]
        self.dpd: Dpd = parts["dpd"]
        self.decoder: VaeDecoder = parts["vae_decoder"]
        self.dtype = dtype
        self.wordpiece = WordPiece.load(vocabulary_path(directory, self.config))

    @torch.inference_mode()
    def embed(self, caption: str) -> Tensor:
        """Caption -> unit vector [1, dim]"""
        ids = self.wordpiece.encode(caption, self.config.mulan.bert.max_tokens).ids
        return self.text(torch.tensor([ids]))

    @torch.inference_mode()
    def render(
        self, caption: str, seed: int, steps: int, seconds: float | None = None, nudge: float = 0.0
    ) -> Clip:
        """One clip with the checkpoint's own sampling, schedule and guidance; for `nudge` see `Choice`."""
        config = self.config
        seconds = config.clip_seconds if seconds is None else seconds
        samples = round(seconds * config.sample_rate)
        # Frames that cover the samples, and tokens that cover the frames.
        frames = -(-samples // config.hop)
        count = max(1, -(-frames * config.semantic_rate // config.latent_rate))
        embedding = self.embed(caption)
        codes = self.rvq.encode(embedding)
        choice = Choice(config.lm.temperature, config.lm.top_k, config.lm.top_p, nudge)
        tokens = generate_tokens(self.lm, codes, [seed], count, choice)
        z = torch.from_numpy(noise(seed, frames, config.latent_dim))[None].to(self.dtype)
        latents, audio = play(self.dpd, self.decoder, tokens, z, steps)
        return Clip(embedding[0], codes[0], tokens[0], latents[0].float(), audio[0, :samples].float())
