"""Extraction: every clip through the frozen networks, once, so that the language model and the diffusion
train from tensors (`tensors.py` describes the files)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor
from tqdm import tqdm

from ..checkpoint import digest as file_digest
from ..checkpoint import write_tensors
from ..corpus.dataset import SPLITS, Clip
from ..trainer.errors import TrainingError
from ..trainer.settings import Settings, digest
from .clips import whole
from .context import Context
from .labels import PLACES, complete, targets
from .reading import Reader
from .registry import tuned
from .tensors import FORMAT, INDEX, Extracted, shard_name
from .told_centres import renamed


def sources(settings: Settings) -> dict[str, str]:
    """The stage that leaves each network used here."""
    return {
        "vae_encoder": "encoder" if settings.vae.encoder_kept else "vae",
        "tokenizer": "kmeans",
        "mulan_audio": "mulan",
        "mulan_text": tuned(settings).get("mulan", "mulan"),
        "rvq": "rvq",
    }


class Networks:
    """The frozen networks, f32."""

    def __init__(self, context: Context) -> None:
        self.config, self.device = context.config, context.processes.device
        parts = {name: context.learned(stage, name) for name, stage in sources(context.settings).items()}
        self.encoder, self.tokenizer, self.rvq = parts["vae_encoder"], parts["tokenizer"], parts["rvq"]
        self.audio, self.text = parts["mulan_audio"], parts["mulan_text"]
        self.reader = Reader(context)
        self.others = context.config.semantic_vocab // context.told_centres if context.tells_mode else 0

    def hear(self, clips: Sequence[Clip]) -> tuple[Tensor, Tensor, Tensor]:
        """Clips, each cut or padded to a clip's length -> latents f16 [B, L, Z], tokens i16 [B, T], codes i16
        [B, Q]. Raises `TrainingError` naming a clip whose latents are not finite."""
        samples = self.config.clip_seconds * self.config.sample_rate
        audio = whole(clips, samples).to(self.device)
        latents = self.encoder.latents(audio)
        for clip, row in zip(clips, latents, strict=True):
            if not torch.isfinite(row).all():
                raise TrainingError(f"{clip.path}: its latents are not finite; listen to it or remove it")
        tokens, codes = self._named(clips, self.tokenizer.tokens(audio)), self.rvq.encode(self.audio(audio))
        return latents.half().cpu(), tokens.short().cpu(), codes.short().cpu()

    def _named(self, clips: Sequence[Clip], tokens: Tensor) -> Tensor:
        """Tokens [B, T], those of clips with labels in the half of their quality"""
        rows = [row for row, clip in enumerate(clips) if self.others and complete(clip)]
        if rows:
            wanted = targets([clips[row] for row in rows])[:, PLACES["quality"]]
            tokens[rows] = renamed(tokens[rows], wanted.to(tokens), self.others)
        return tokens

    def read(self, clips: Sequence[Clip]) -> dict[str, Tensor]:
        """The captions' tensors of a shard."""
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


@torch.inference_mode()
def extract(context: Context) -> dict[str, float]:
    """Writes the shards that are not there yet, then `extract.json` -> statistics of the latents. A shard is
    whole or absent, and one that other networks, settings or another corpus gave is made anew. Raises
    `TrainingError`, `CorpusError`."""
    directory, settings = context.stage("extract"), context.settings.extract
    directory.mkdir(parents=True, exist_ok=True)
    networks, fingerprint = Networks(context), _fingerprint(context)
    names: dict[str, list[str]] = {}
    with tqdm(total=_clips(context), desc="extract", unit="clip", disable=None, dynamic_ncols=True) as bar:
        for split in SPLITS:
            clips, size = context.corpus.split(split), settings.shard_clips
            names[split] = [shard_name(split, number) for number in range(-(-len(clips) // size))]
            for number, name in enumerate(names[split]):
                part = clips[number * size : (number + 1) * size]
                if _mark(directory / name) != fingerprint:
                    tensors = _shard(networks, part, settings.batch)
                    write_tensors(directory / name, tensors, {"fingerprint": fingerprint})
                bar.update(len(part))
    used = {name for split in names.values() for name in split}
    for path in directory.glob("*.safetensors"):
        if path.name not in used:
            path.unlink()
    _write_index(directory, {"format": FORMAT, "splits": names})
    statistics = _statistics(directory)
    _write_index(directory, {"format": FORMAT, "splits": names, "latents": statistics})
    figures = {f"latent_{key}": statistics[key] for key in ("mean", "deviation", "clipped")}
    return {"clips": float(_clips(context)), **figures}


def _clips(context: Context) -> int:
    return sum(len(context.corpus.split(split)) for split in SPLITS)


def _shard(networks: Networks, clips: Sequence[Clip], batch: int) -> dict[str, Tensor]:
    parts = [networks.hear(clips[first : first + batch]) for first in range(0, len(clips), batch)]
    latents, tokens, codes = (torch.cat(part) for part in zip(*parts, strict=True))
    return {"latents": latents, "tokens": tokens, "codes": codes, **networks.read(clips)}


def _fingerprint(context: Context) -> str:
    """SHA-256 over all that decides a shard's content."""
    networks = {
        name: file_digest(context.stage(stage) / f"{name}.safetensors")
        for name, stage in sources(context.settings).items()
    }
    settings, corpus = context.settings.extract.identity(), context.corpus.digest
    return digest({"networks": networks, "settings": settings, "corpus": corpus, "format": FORMAT})


def _mark(path: Path) -> str | None:
    """The fingerprint that a shard carries, or None."""
    try:
        with safe_open(path, "pt") as file:
            return (file.metadata() or {}).get("fingerprint")
    except (OSError, SafetensorError):
        return None


def _write_index(directory: Path, index: dict[str, object]) -> None:
    partial = directory / "extract.partial"
    partial.write_text(json.dumps(index, indent=2) + "\n", encoding="utf-8")
    partial.replace(directory / INDEX)


def _statistics(directory: Path) -> dict[str, object]:
    """Mean and standard deviation of the training clips' latents, over all values and by channel, and the
    share of values at the ends of the range; one shard at a time, in f64."""
    count, total, squares, clipped = 0, torch.zeros(1), torch.zeros(1), 0.0
    for latents in Extracted(directory, "train").each("latents"):
        values = latents.flatten(0, 1).double()
        count += len(values)
        total, squares = total + values.sum(dim=0), squares + values.square().sum(dim=0)
        clipped += float((values.abs() >= 1.0).sum()) / values.shape[1]
    mean, power = total / max(1, count), squares / max(1, count)
    return {
        "mean": float(mean.mean()),
        "deviation": float((power.mean() - mean.mean().square()).clamp(min=0).sqrt()),
        "clipped": clipped / max(1, count),
        "channel_mean": mean.tolist(),
        "channel_deviation": (power - mean.square()).clamp(min=0).sqrt().tolist(),
    }
