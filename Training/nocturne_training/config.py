"""`config.json` as data: one dataclass per object of ARCHITECTURE.md, snake_case here and camelCase in the
file."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cached_property
from math import prod
from pathlib import Path
from typing import Any, Literal

from .config_json import parse, render, require, to_json

CONFIG_FORMAT = 1
NAMED = ("paper", "demo", "tiny")


@dataclass(frozen=True)
class External:
    """A text encoder that an installed package carries; its digests are part of the fingerprint."""

    package: str
    version: str
    weights_sha256: str = field(metadata={"json": "weightsSHA256"})
    vocab_sha256: str = field(metadata={"json": "vocabSHA256"})


@dataclass(frozen=True)
class Bert:
    """Text encoder (1.1). `max_tokens` counts [CLS] and [SEP]."""

    vocab: int
    positions: int
    max_tokens: int
    layers: int
    dim: int
    heads: int
    ffn: int
    epsilon: float
    pooling: Literal["cls", "mean"]
    external: External | None


@dataclass(frozen=True)
class Ast:
    """Audio spectrogram transformer (1.1): `frames` x `mel` filter banks cut into `patch`^2 patches every
    `stride`."""

    layers: int
    dim: int
    heads: int
    ffn: int
    mel: int
    frames: int
    patch: int
    stride: int

    @property
    def grid(self) -> tuple[int, int]:
        """Patches along frequency and along time."""
        return (self.mel - self.patch) // self.stride + 1, (self.frames - self.patch) // self.stride + 1


@dataclass(frozen=True)
class Mulan:
    """Joint text and audio embedding of width `dim` (section 1)."""

    dim: int
    bert: Bert
    ast: Ast


@dataclass(frozen=True)
class Rvq:
    """Residual quantiser of the joint embedding (1.3)."""

    quantizers: int
    codes: int


@dataclass(frozen=True)
class Tokenizer:
    """wav2vec2-Conformer and k-means (section 2)."""

    channels: int
    kernels: tuple[int, ...]
    strides: tuple[int, ...]
    pad: tuple[int, int]
    layers: int
    dim: int
    heads: int
    ffn: int
    depthwise: int
    rope: float
    tap_layer: int
    positional_kernel: int
    positional_groups: int
    code_groups: int
    group_codes: int
    code_dim: int

    @property
    def stride(self) -> int:
        """Samples per semantic token."""
        return prod(self.strides)


@dataclass(frozen=True)
class Lm:
    """Semantic language model and its sampling defaults (section 3); `top_k` 0 and `top_p` 1 are off."""

    layers: int
    dim: int
    heads: int
    ffn: int
    rope: float
    epsilon: float
    temperature: float
    top_k: int
    top_p: float


@dataclass(frozen=True)
class Roformer:
    """Coarse path (4.5)."""

    layers: int
    heads: int
    ffn: int


@dataclass(frozen=True)
class Sru:
    """Fine path (7.1); `units` per direction."""

    layers: int
    units: int
    highway_bias: float


@dataclass(frozen=True)
class Dpd:
    """Dual-path diffusion (section 4)."""

    dim: int
    blocks: int
    segment: int
    chunks: int
    angle_dim: int
    roformer: Roformer
    sru: Sru
    film: Literal["mlp3", "affine"]
    drop_pooled: bool
    epsilon: float
    guidance: float
    schedule: Literal["linear", "uniform"]


@dataclass(frozen=True)
class VaeEncoder:
    """Waveform to latent statistics (5.2)."""

    initial: int
    rates: tuple[int, ...]
    widths: tuple[int, ...]
    kernels: tuple[int, ...]
    mrf_counts: tuple[int, ...]
    mrf_kernels: tuple[int, ...]
    dilations: tuple[int, ...]


@dataclass(frozen=True)
class VaeDecoder:
    """Latents to waveform (5.3)."""

    initial: int
    rates: tuple[int, ...]
    widths: tuple[int, ...]
    kernels: tuple[int, ...]
    mrf_kernels: tuple[int, ...]
    dilations: tuple[int, ...]


@dataclass(frozen=True)
class Vae:
    """Audio VAE-GAN (section 5); z = clip(mean / latent_scale, -1, 1)."""

    latent_scale: float
    encoder: VaeEncoder
    decoder: VaeDecoder


@dataclass(frozen=True)
class Config:
    """A whole `config.json`."""

    format: int
    name: str
    sample_rate: int
    hop: int
    latent_dim: int
    latent_rate: int
    semantic_rate: int
    semantic_vocab: int
    clip_seconds: int
    mulan: Mulan
    rvq: Rvq
    tokenizer: Tokenizer
    lm: Lm
    dpd: Dpd
    vae: Vae

    @property
    def semantic_start(self) -> int:
        """Vocabulary index of semantic token 0 (the RVQ codes come first, section 3)."""
        return self.rvq.quantizers * self.rvq.codes

    @property
    def bos(self) -> int:
        """Vocabulary index of the token that opens every sequence."""
        return self.semantic_start + self.semantic_vocab

    @property
    def lm_vocab(self) -> int:
        """Vocabulary of the language model."""
        return self.bos + 1

    @property
    def clip_frames(self) -> int:
        """Latent frames of one clip."""
        return self.clip_seconds * self.latent_rate

    @property
    def clip_tokens(self) -> int:
        """Semantic tokens of one clip."""
        return self.clip_seconds * self.semantic_rate

    @cached_property
    def text(self) -> str:
        """The exact bytes of `config.json`, as text."""
        return render(to_json(self))

    def validate(self) -> Config:
        """Refuses what the networks cannot express; returns self."""
        require(self.format == CONFIG_FORMAT, f"format {self.format} is not {CONFIG_FORMAT}")
        require(self.hop * self.latent_rate == self.sample_rate, "hop * latentRate must equal sampleRate")
        require(2 * self.dpd.sru.units == self.dpd.dim, "2 * dpd.sru.units must equal dpd.dim")
        require(self.dpd.dim % self.dpd.roformer.heads == 0, "dpd.dim must divide into heads")
        require(prod(self.vae.decoder.rates) == self.hop, "decoder rates must multiply to hop")
        require(prod(self.vae.encoder.rates) == self.hop, "encoder rates must multiply to hop")
        require(
            self.tokenizer.stride * self.semantic_rate == self.sample_rate,
            "tokenizer strides must multiply to sampleRate / semanticRate",
        )
        return self


def from_json(value: dict[str, Any]) -> Config:
    """Parses the object strictly: an unknown, missing or mistyped key is a `ValueError` that names it."""
    return parse(Config, value, "").validate()


def load(source: str | Path) -> Config:
    """A configuration by name (`paper`, `demo`, `tiny`) or from a file."""
    path = Path(__file__).parent / "configs" / f"{source}.json" if source in NAMED else Path(source)
    return from_json(json.loads(path.read_text(encoding="utf-8")))
