"""wav2vec2-Conformer pre-training (2.2). Letters: B batch, N samples, T frames, F masked frames, K
distractors, C extractor channels, G groups, V codes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from ..config import Config
from ..corpus.dataset import Clip
from ..models.packets import start_as_wavelet_packets
from ..models.pretraining import Contrast, PretrainingHeads, perplexity
from ..models.tokenizer import Tokenizer
from ..trainer.errors import TrainingError
from ..trainer.randomness import Draw, generator
from ..trainer.task import Metrics, Task
from ..trainer.update import Update
from . import masking
from .clips import crops, whole
from .context import Context
from .labels import LabelHead, targets

START_CLIPS = 32
"""Clips that the levels of the extractor's bands are taken from."""


@dataclass(frozen=True)
class Masked:
    """Audio [B, N], mask [B, T], distractors [F, K], Gumbel noise [B, T, G, V], and the clips' labels, empty
    where they are not learned from [B, labels]."""

    audio: Tensor
    mask: Tensor
    distractors: Tensor
    noise: Tensor
    labels: Tensor


class TokenizerTask(Task):
    """Tells a masked frame's code from those of other masked frames of its clip. The quantiser sees the
    extractor's outputs after LayerNorm, as the reference's does. The loss is the mean over the masked frames
    of all processes. BatchNorm uses the batch statistics of each process, except on several CUDA devices,
    where they are those of the whole batch."""

    stage: ClassVar[str] = "tokenizer"

    def __init__(self, context: Context) -> None:
        self.config, self.processes = context.config, context.processes
        self.settings = context.settings.tokenizer
        self.samples = crop_samples(self.stage, self.settings.crop_seconds, self.config)
        if not 2 <= self.settings.mask_span <= self.samples // self.config.tokenizer.stride:
            raise TrainingError(
                f"tokenizer.maskSpan is {self.settings.mask_span}; use 2 or more frames, within the crop"
            )
        self.clips = context.corpus.split("train")
        self.held_out = context.corpus.split(context.held_out)[: self.settings.validation_clips]
        torch.manual_seed(self.settings.seed)
        self.tokenizer = Tokenizer(self.config.tokenizer, self.config.semantic_vocab)
        self.heads = PretrainingHeads(self.config.tokenizer)
        _initialise(self.tokenizer, self.heads)
        audio = whole(self.clips[:START_CLIPS], self.samples)
        start_as_wavelet_packets(self.tokenizer.feature_extractor, self.tokenizer.prepare(audio))
        if self.processes.world > 1 and self.processes.device.type == "cuda":
            nn.SyncBatchNorm.convert_sync_batchnorm(self.tokenizer)
        settings = self.settings
        self.labels = (
            LabelHead(min(settings.label_width, self.config.tokenizer.dim)) if context.told else None
        )
        for module in self.modules.values():
            module.to(self.processes.device)

    @property
    def modules(self) -> Mapping[str, nn.Module]:
        """See `Task`."""
        labels = {} if self.labels is None else {"labels": self.labels}
        return {"tokenizer": self.tokenizer, "heads": self.heads, **labels}

    @property
    def groups(self) -> Mapping[str, list[nn.Parameter]]:
        """See `Task`."""
        parameters = (parameter for part in self.modules.values() for parameter in part.parameters())
        return {"tokenizer": [parameter for parameter in parameters if parameter.requires_grad]}

    @property
    def examples(self) -> int:
        """See `Task`."""
        return len(self.clips)

    def batch(self, draws: list[Draw]) -> Masked:
        """Each example's crop, mask, distractors and noise come from its own generator."""
        return self._masked(self.clips, draws)

    def _masked(self, clips: Sequence[Clip], draws: list[Draw]) -> Masked:
        settings, config = self.settings, self.config.tokenizer
        frames, device = self.samples // config.stride, self.processes.device
        audio = crops(clips, draws, self.samples, config.stride)
        masks, others, noise = [], [], []
        for draw in draws:
            masks.append(masking.spans(frames, settings.mask_start, settings.mask_span, draw.generator))
            others.append(masking.distractors(masks[-1], settings.distractors, draw.generator))
            noise.append(masking.gumbel((frames, config.code_groups, config.group_codes), draw.generator))
        told = targets([clips[draw.index] for draw in draws]) if self.labels else torch.empty(len(draws), 0)
        parts = audio, torch.stack(masks), torch.cat(others), torch.stack(noise), told
        return Masked(*(part.to(device) for part in parts))

    def contrast(
        self, batch: Masked, temperature: float, noise: Tensor | None, autocast: AbstractContextManager[Any]
    ) -> tuple[Contrast, Tensor]:
        """The heads' sums over the masked frames of this process, and the tapped states [B, T, D]; `autocast`
        lends the mixed precision."""
        with autocast:
            features = self.tokenizer.extract(batch.audio)
            features = ScaledGradient.apply(features, self.settings.extractor_rate)
            normalised = self.tokenizer.feature_projection["layer_norm"](features)
            projected = self.tokenizer.feature_projection["projection"](normalised)
            masked = self.tokenizer.masked_spec_embed.to(projected.dtype)
            encoder, tap = self.tokenizer.encoder, self.config.tokenizer.tap_layer
            tapped = encoder.blocks(torch.where(batch.mask[..., None], masked, projected), tap)
            states = encoder.layer_norm(encoder.blocks(tapped, len(encoder.layers), tap))
        contrast = self.heads(
            states.float(),
            normalised.float(),
            batch.mask,
            batch.distractors,
            temperature=temperature,
            noise=noise,
            contrast=self.settings.contrast,
        )
        return contrast, tapped.float()

    def temperature(self, step: int) -> float:
        """Of the Gumbel softmax at a step."""
        return max(self.settings.gumbel * self.settings.gumbel_decay**step, self.settings.gumbel_floor)

    def optimise(self, batch: Masked, step: int, update: Update) -> Metrics:
        """One step on the mean over all processes' masked frames."""
        parts, tapped = self.contrast(batch, self.temperature(step), batch.noise, update.autocast())
        # A gradient through `gather` arrives once a process and is then averaged; a sum of this process alone
        # has to be multiplied to come out the same.
        frames = self.processes.gather(batch.mask.sum()[None]).sum()
        contrastive = parts.loss * self.processes.world / frames
        usage = perplexity(self.processes.gather(parts.usage[None]).sum(dim=0) / frames)
        codes = parts.usage.numel()
        loss = contrastive + self.settings.diversity * (codes - usage) / codes
        told: Metrics = {}
        if self.labels:
            error, right = self.labels(tapped, batch.labels)
            loss, told = loss + self.settings.label_weight * error, {"labels": error, **right}
        update("tokenizer", loss)
        return {
            "loss": loss,
            **told,
            "contrastive": contrastive,
            "accuracy": parts.correct / parts.contested.clamp(min=1),
            "perplexity": usage,
            "gumbel": self.temperature(step),
        }

    def validate(self) -> dict[str, float]:
        """Loss per masked frame, share of contested frames that were told apart, and perplexity of the chosen
        codes (up to G V; near G the quantiser has collapsed), on crops and masks that never change."""
        if not self.held_out:
            return {}
        draws = [
            Draw(index, generator(self.settings.seed, self.stage, "valid", index))
            for index in range(len(self.held_out))
        ]
        sums: list[Tensor] = []
        told: dict[str, list[Tensor]] = {}
        chosen = torch.zeros(())
        for first in range(0, len(draws), self.settings.batch):
            batch = self._masked(self.held_out, draws[first : first + self.settings.batch])
            parts, tapped = self.contrast(batch, self.settings.gumbel_floor, None, nullcontext())
            for name, right in self.labels(tapped, batch.labels)[1].items() if self.labels else ():
                told.setdefault(name, []).append(right)
            chosen = chosen + parts.chosen.cpu()
            sums.append(torch.stack((parts.loss, parts.correct, parts.contested, batch.mask.sum())))
        loss, correct, contested, frames = torch.stack(sums).double().sum(dim=0).tolist()
        usage = float(perplexity(chosen / frames))
        return {
            "contrastive": loss / frames,
            "accuracy": correct / max(1.0, contested),
            "contested": contested / frames,
            "perplexity": usage,
            **{name: float(torch.stack(parts).mean()) for name, parts in told.items()},
        }

    def exports(self) -> Mapping[str, nn.Module]:
        """The tokenizer; its centres stay zero until the stage kmeans."""
        return {"tokenizer": self.tokenizer}


def crop_samples(stage: str, seconds: float, config: Config) -> int:
    """Samples of a crop. Raises `TrainingError` unless it is a whole number of semantic frames."""
    samples = round(seconds * config.sample_rate)
    if samples < 1 or samples % config.tokenizer.stride:
        frame = config.tokenizer.stride / config.sample_rate
        raise TrainingError(f"{stage}.cropSeconds is {seconds}; use a multiple of {frame} s")
    return samples


class ScaledGradient(torch.autograd.Function):
    """The identity, whose gradient is multiplied by a number."""

    @staticmethod
    def forward(context: Any, x: Tensor, scale: float) -> Tensor:
        """x -> x"""
        context.scale = scale
        return x.view_as(x)

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        """gradient -> scale * gradient"""
        return gradients[0] * context.scale, None


@torch.no_grad()
def _initialise(tokenizer: Tokenizer, heads: PretrainingHeads) -> None:
    """The reference's start: He's for the convolutions, which have no norms between them, and logits wide
    enough that the first codes follow the audio and not the noise."""
    for layer in tokenizer.feature_extractor.conv_layers:
        nn.init.kaiming_normal_(layer.conv.weight)
    nn.init.normal_(heads.quantizer.weight_proj.weight)
    nn.init.zeros_(heads.quantizer.weight_proj.bias)
