"""VAE-GAN trainer (section 5). Letters: B batch, N samples, L latent frames, Z latent channels."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from ..losses import adversarial
from ..losses.spectral import log_mel_error, multi_resolution, si_sdr
from ..models.discriminators import Judgement, MultiPeriodDiscriminator, MultiResolutionDiscriminator
from ..models.lapped import start_as_lapped_transform
from ..models.residual import add_weight_norm
from ..models.tone_start import start_as_tone_bank
from ..models.vae import VaeDecoder, VaeEncoder
from ..trainer.precision import rounded_convolutions
from ..trainer.randomness import Draw, normal
from ..trainer.task import Metrics, Task
from ..trainer.update import Update
from .clips import crops, whole
from .context import Context

LOG_VARIANCE = -5.0
"""Of the latents before the first step."""
START_CLIPS = 64
"""Clips that the scale of the latents is taken from."""


class VaeTask(Task):
    """Encoder and decoder against both families of discriminators, on random crops aligned to the hop."""

    stage: ClassVar[str] = "vae"
    self_contained: ClassVar[bool] = True

    def __init__(self, context: Context) -> None:
        self.config, self.settings, self.processes = context.config, context.settings.vae, context.processes
        self.clips = context.corpus.split("train")
        self.held_out = context.corpus.split(context.held_out)[: self.settings.validation_clips]
        torch.manual_seed(self.settings.seed)
        width = self.settings.discriminator_width
        self.encoder, self.decoder = VaeEncoder(self.config), VaeDecoder(self.config)
        self.judges = nn.ModuleList([MultiPeriodDiscriminator(width), MultiResolutionDiscriminator(width)])
        for part in (self.encoder, self.decoder, self.judges):
            add_weight_norm(part)
        self.start()
        for part in (self.encoder, self.decoder, self.judges):
            part.to(self.processes.device)

    @torch.no_grad()
    def start(self) -> None:
        """Starts as a codec that needs no training, with little noise in the latents."""
        clips = self.clips[:: max(1, len(self.clips) // START_CLIPS)]
        seconds = min(2.0, min(clip.duration for clip in clips))
        audio = whole(clips, int(seconds * self.config.sample_rate))
        start = {"lapped": start_as_lapped_transform, "tones": start_as_tone_bank}[self.settings.start]
        start(self.encoder, self.decoder, self.config.hop, audio)
        last, latent = self.encoder.conv_post, self.config.latent_dim
        last.parametrizations.weight.original0[latent:] *= 0.01
        last.bias[latent:] = LOG_VARIANCE

    @property
    def modules(self) -> Mapping[str, nn.Module]:
        """See `Task`."""
        return {"vae_encoder": self.encoder, "vae_decoder": self.decoder, "discriminators": self.judges}

    @property
    def groups(self) -> Mapping[str, list[nn.Parameter]]:
        """See `Task`."""
        encoder = [] if self.settings.encoder_kept else self.encoder.parameters()
        return {
            "discriminator": list(self.judges.parameters()),
            "generator": [*encoder, *self.decoder.parameters()],
        }

    @property
    def examples(self) -> int:
        """See `Task`."""
        return len(self.clips)

    def batch(self, draws: list[Draw]) -> tuple[Tensor, Tensor]:
        """Crops [B, N] and the encoder's noise [B, L, Z]"""
        frames, device = self.settings.crop_frames, self.processes.device
        noise = normal(draws, (frames, self.config.latent_dim), device)
        audio = crops(self.clips, draws, frames * self.config.hop, self.config.hop)
        return audio.to(device), noise

    def judge(self, audio: Tensor) -> list[Judgement]:
        """[B, N] -> one judgement per sub-discriminator"""
        return [judgement for family in self.judges for judgement in family(audio)]

    def judge_both(self, real: Tensor, generated: Tensor) -> tuple[list[Judgement], list[Judgement]]:
        """Two [B, N] in one pass: a GPU is launched half as often."""
        judgements = self.judge(torch.cat((real, generated)))
        return _rows(judgements, slice(0, len(real))), _rows(judgements, slice(len(real), None))

    def optimise(self, batch: tuple[Tensor, Tensor], step: int, update: Update) -> Metrics:
        """The discriminators first (once they have joined), then encoder and decoder."""
        with rounded_convolutions(True):
            return self._optimise(*batch, step, update)

    def _encoded(self, audio: Tensor, autocast: AbstractContextManager[Any]) -> tuple[Tensor, Tensor]:
        """Mean and log variance, f32 [B, L, Z] each; exact where the encoder is kept, as quiet tones beside
        loud ones are lost in fewer bits."""
        if self.settings.encoder_kept:
            with torch.no_grad(), rounded_convolutions(False):
                return self.encoder(audio)
        with autocast:
            mean, log_variance = self.encoder(audio)
        return mean.float(), log_variance.float()

    def _optimise(self, audio: Tensor, noise: Tensor, step: int, update: Update) -> Metrics:
        settings = self.settings
        mean, log_variance = self._encoded(audio, update.autocast())
        z = (mean + (0.5 * log_variance).exp() * noise) / self.config.vae.latent_scale
        # A wave in bf16, of 8 bits, has noise 50 dB below it; a GPU has TF32 instead.
        with update.autocast() if audio.device.type == "cpu" else nullcontext():
            generated = self.decoder(z.clamp(-1.0, 1.0)).float()
        spectral, kl = multi_resolution(audio, generated), adversarial.kl(mean, log_variance)
        mel = log_mel_error(audio, generated)
        loss = settings.spectral_weight * spectral + settings.kl_weight * kl + settings.mel_weight * mel
        waveform = (audio - generated).abs().mean()
        loss = loss + settings.waveform_weight * waveform
        metrics: Metrics = {"spectral": spectral, "waveform": waveform, "kl": kl, "log_mel": mel}
        if step >= settings.adversary_after:
            with update.autocast():
                real, fooled = self.judge_both(audio, generated.detach())
            against = adversarial.discriminator(_f32(real), _f32(fooled))
            update("discriminator", against)
            self.judges.requires_grad_(False)
            with update.autocast(), torch.no_grad():
                real = self.judge(audio)
            with update.autocast():
                judged = self.judge(generated)
            feature, fool = (
                adversarial.features(_f32(real), _f32(judged)),
                adversarial.generator(_f32(judged)),
            )
            loss = loss + settings.feature_weight * feature + settings.adversarial_weight * fool
            metrics |= {"discriminator": against, "feature": feature, "adversarial": fool}
        update("generator", loss)
        self.judges.requires_grad_(True)
        return {"loss": loss, **metrics}

    def reconstruct(self, audio: Tensor) -> Tensor:
        """Encode to the mean and decode, as inference does, [B, N] -> [B, N]"""
        return self.decoder(self.encoder.latents(audio))

    @torch.no_grad()
    def validate(self) -> dict[str, float]:
        """Reconstruction of whole held-out clips: log-mel error in nepers, SI-SDR in dB, and the share of
        latents that the range cuts off. Empty if there are none."""
        if not self.held_out:
            return {}
        errors, ratios, cut = [], [], []
        for clip in self.held_out:
            audio = whole([clip], round(clip.duration * self.config.sample_rate)).to(self.processes.device)
            audio = audio[:, : audio.shape[1] // self.config.hop * self.config.hop]
            mean = self.encoder(audio)[0]
            generated = self.reconstruct(audio)
            errors.append(log_mel_error(audio, generated))
            ratios.append(si_sdr(audio, generated)[0])
            cut.append((mean.abs() > self.config.vae.latent_scale).float().mean())
        names = ("log_mel", "si_sdr", "clipped")
        return {n: float(torch.stack(v).mean()) for n, v in zip(names, (errors, ratios, cut), strict=True)}

    def exports(self) -> Mapping[str, nn.Module]:
        """See `Task`."""
        return {"vae_encoder": self.encoder, "vae_decoder": self.decoder}


def _rows(judgements: list[Judgement], rows: slice) -> list[Judgement]:
    return [(score[rows], [feature[rows] for feature in features]) for score, features in judgements]


def _f32(judgements: list[Judgement]) -> list[Judgement]:
    return [(score.float(), [feature.float() for feature in features]) for score, features in judgements]
