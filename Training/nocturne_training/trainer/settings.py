"""Training settings as data: one dataclass per stage."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from dataclasses import dataclass, field
from typing import Any, Literal

from .learning_rate import Decay

PACE = (
    "steps",
    "log_every",
    "validate_every",
    "checkpoint_every",
    "validation_clips",
    "cache_megabytes",
    "threads",
)
"""Settings that may change between two parts of one training without making it another training."""


@dataclass(frozen=True)
class CorpusSettings:
    """The corpus the chain makes where it is given none; `unpacked` where a device would wait for FLAC to be
    decoded."""

    hours: float = 1.0
    seed: int = 1
    soundfont: str = "fluid"
    unpacked: bool = False


@dataclass(frozen=True)
class StageSettings:
    """What every trainer has. `batch` is per process; `precision` is of the networks' products, `auto` being
    bf16 where the device computes in it by itself; rates are for AdamW; `clip` is the largest gradient
    norm (0: none); `ema` is the decay of the weights' average (0: none); the `*_every` are steps; `threads`
    make batches ahead of the step that takes them (0: none, which suits a CPU)."""

    steps: int = 1000
    batch: int = 8
    seed: int = 1
    precision: Literal["f32", "bf16", "auto"] = "f32"
    learning_rate: float = 5e-4
    betas: tuple[float, ...] = (0.9, 0.999)
    weight_decay: float = 0.01
    warmup: int = 0
    decay: Decay = "cosine"
    floor: float = 0.05
    clip: float = 1.0
    ema: float = 0.0
    log_every: int = 10
    validate_every: int = 200
    checkpoint_every: int = 200
    validation_clips: int = 32
    threads: int = 0

    def identity(self) -> dict[str, Any]:
        """What makes this training itself and not another: all but its length and its reporting."""
        return {key: value for key, value in dataclasses.asdict(self).items() if key not in PACE}


@dataclass(frozen=True)
class VaeSettings(StageSettings):
    """VAE-GAN (5.1). `crop_frames` latent frames a crop; the adversary joins at step `adversary_after`, with
    discriminators of `discriminator_width` (published: 32) channels. `mel_weight` adds the log-mel error of
    HiFi-GAN, which the paper does not have, for trainings too short for the adversary to learn what is
    quiet. `waveform_weight` adds the mean absolute difference of samples (EnCodec): without it, thousands of
    steps pass before the decoder of a `lapped` start prefers the encoder's mean to the noise around it.
    `start` is what the first step begins with: latents that hold a `lapped` transform of the wave, or the
    loudness of `tones` (`models/lapped.py`, `models/tone_start.py`). With `encoder_kept` the encoder stays as
    it started, and the decoder alone learns."""

    learning_rate: float = 2e-4
    start: Literal["lapped", "tones"] = "lapped"
    encoder_kept: bool = False
    betas: tuple[float, ...] = (0.8, 0.99)
    crop_frames: int = 256
    discriminator_width: int = 32
    adversary_after: int = 0
    spectral_weight: float = 50.0
    feature_weight: float = 20.0
    adversarial_weight: float = 1.0
    kl_weight: float = 5e-3
    mel_weight: float = 0.0
    waveform_weight: float = 0.0


@dataclass(frozen=True)
class TokenizerSettings(StageSettings):
    """wav2vec2-Conformer pre-training (2.2) on crops of `crop_seconds`. A frame begins a masked span of
    `mask_span` frames with probability `mask_start`; `distractors` a masked frame; the Gumbel temperature
    falls from `gumbel` by the factor `gumbel_decay` a step to `gumbel_floor`; `extractor_rate` scales the
    extractor's gradient. `label_weight` adds the error of reading the clip's labels from the first
    `label_width` features of the tapped layer (`stages/labels.py`), which the paper does not have: for
    trainings too short to find out by themselves what a caption speaks of. A corpus without labels is
    learned from without."""

    betas: tuple[float, ...] = (0.9, 0.98)
    decay: Decay = "linear"
    floor: float = 0.0
    crop_seconds: float = 10.0
    mask_start: float = 0.13
    mask_span: int = 5
    distractors: int = 100
    gumbel: float = 2.0
    gumbel_floor: float = 0.5
    gumbel_decay: float = 0.999995
    contrast: float = 0.1
    diversity: float = 0.1
    extractor_rate: float = 0.1
    label_weight: float = 0.0
    label_width: int = 64


@dataclass(frozen=True)
class KmeansSettings(StageSettings):
    """Mini-batch k-means over tapped frames (2.3): one iteration a step on the frames of `batch` crops of
    `crop_seconds` (40 of 10 s are 10,000 frames), or, so that a step costs little and has frames of many
    pieces, on `kept_frames` of each of `batch` clips, all of which are heard once and kept in memory. A
    centre that got no frame for `patience` iterations is empty. With `told_centres` a token is one of so many
    centres of the features that labels are read from (`tokenizer.label_width`), which are learned for the
    labels (`stages/told_centres.py`) at the learning rate, and one of the others: labels, which do not change
    within a clip, would else leave few tokens for what does. `divided_by` is a label, such as `drums` or
    `quality`, for each of whose choices there is one of several such centres that are else the same; the
    tokens of a labelled clip are of its own choice, whatever the tokenizer hears. Where no labels are told
    both change nothing."""

    learning_rate: float = 2e-2
    weight_decay: float = 0.0
    steps: int = 100
    batch: int = 40
    crop_seconds: float = 10.0
    kept_frames: int = 0
    patience: int = 5
    told_centres: int = 0
    divided_by: str = ""


@dataclass(frozen=True)
class MulanSettings(StageSettings):
    """Joint embedding (1.2). `tau` is the initial temperature; `decoupled` takes MuLan's own loss;
    `cache_megabytes` of filter banks stay in memory; the masks are SpecAugment's, none by default, each at
    most so many frames or bands wide."""

    tau: float = 0.07
    decoupled: bool = False
    cache_megabytes: int = 4096
    time_masks: int = 0
    time_mask_frames: int = 100
    band_masks: int = 0
    band_mask_bands: int = 16


@dataclass(frozen=True)
class RvqSettings(StageSettings):
    """Residual quantiser learned by moving averages of decay `memory` (1.3) from `batch` embeddings a step.
    Every clip gives `windows` audio embeddings, the k-th without its first k seconds; a row is that of a
    caption with probability `text_share`. Codes with a smaller average count than `dead_code` begin anew."""

    batch: int = 2048
    memory: float = 0.95
    dead_code: float = 0.5
    initial_iterations: int = 50
    windows: int = 1
    text_share: float = 0.0


@dataclass(frozen=True)
class MulanTunedSettings(StageSettings):
    """The projection of the text tower tuned for what codes tell of captions (`stages/mulantuned.py`), not at
    all by default: the paper does not. Beside the captions that clips have it learns from `composed` ones of
    new compositions (not where the music is of another kind). `keep_weight` is that of the distance to where
    captions were, `code_weight` that of the distance to their codes."""

    steps: int = 0
    batch: int = 256
    learning_rate: float = 1e-3
    composed: int = 0
    keep_weight: float = 2.0
    code_weight: float = 2.0


@dataclass(frozen=True)
class ShardSettings:
    """Tensors of every clip (`stages/tensors.py`), of the stages `extract` and `latents`: `shard_clips` a
    file, `batch` clips at a time."""

    shard_clips: int = 512
    batch: int = 1

    def identity(self) -> dict[str, Any]:
        """See `StageSettings`; `batch` is part of it as it may change the last bits."""
        return dataclasses.asdict(self)


@dataclass(frozen=True)
class LmNetworkSettings(StageSettings):
    """What all that learn the semantic language model (section 3) have: `dropout` acts on embeddings and
    residual branches."""

    dropout: float = 0.0


@dataclass(frozen=True)
class LmSettings(LmNetworkSettings):
    """Semantic language model (section 3). The prefix is one of the clip's captions with probability
    `text_prefix`, else its audio. Of the tokens that the network reads, up to twice the share `token_noise`
    are random ones, so that it asks the prefix, which tells little that the tokens before do not, and
    forgives its own mistakes."""

    learning_rate: float = 3e-4
    betas: tuple[float, ...] = (0.9, 0.95)
    text_prefix: float = 0.5
    token_noise: float = 0.0


@dataclass(frozen=True)
class DpdSettings(StageSettings):
    """Dual-path diffusion (4.2, 4.5). `crop_frames` latent frames of a clip (0: all); guidance drops the
    condition with probability `cfg_drop`; `min_snr` above 0 weights the error of a frame by
    min(snr, min_snr) / (snr + 1) (Hang et al., 2023)."""

    ema: float = 0.999
    crop_frames: int = 0
    cfg_drop: float = 0.1
    min_snr: float = 0.0


@dataclass(frozen=True)
class ListenersSettings(StageSettings):
    """Networks that hear a clip's labels in its latents and in its tokens (`models/listeners.py`). They
    learn where a network is tuned for what they hear."""

    learning_rate: float = 2e-3
    weight_decay: float = 0.05


@dataclass(frozen=True)
class SoundListenersSettings(StageSettings):
    """Networks that hear a clip's labels in its sound (`models/sound_listener.py`). They learn where a
    network is tuned for what they hear, from the first `share` of the clips: the decoder is then tuned with
    the rest, as clips that they learned by heart surprise them little, whatever becomes of their sound (1:
    both with all). `cache_megabytes` of what they hear stay in memory, 0.25 a clip."""

    learning_rate: float = 2e-3
    weight_decay: float = 0.05
    share: float = 1.0
    cache_megabytes: int = 4096


@dataclass(frozen=True)
class VaeTunedSettings(StageSettings):
    """The decoder tuned for what listeners hear (`stages/vaetuned.py`), not at all by default: the paper does
    not. `crop_frames` latent frames a crop; the weights are of the spectra, the log-mel error, the distance
    of the listeners' features and their surprise."""

    steps: int = 0
    learning_rate: float = 5e-5
    betas: tuple[float, ...] = (0.9, 0.99)
    weight_decay: float = 0.0
    clip: float = 50.0
    ema: float = 0.98
    crop_frames: int = 32
    spectral_weight: float = 50.0
    mel_weight: float = 45.0
    feature_weight: float = 40.0
    surprise_weight: float = 5.0


@dataclass(frozen=True)
class LmTunedSettings(LmSettings):
    """The language model tuned for what captions state (`stages/lmtuned.py`), not at all by default: the
    paper does not. For each of `batch` clips `asked` captions ask, for each of which `sampled_tokens` (0: a
    clip's) are drawn, and `read` captions a step are read only. Beside the cross-entropy, `reward_weight` is
    that of what draws tell, `prefix_weight` that of what is read. With `written`, the captions that ask are
    written anew for the clips of a made corpus, so that none is met twice."""

    steps: int = 0
    asked: int = 2
    sampled_tokens: int = 0
    read: int = 256
    reward_weight: float = 0.3
    prefix_weight: float = 0.5
    written: bool = False


@dataclass(frozen=True)
class LmGuidedSettings(LmNetworkSettings):
    """The language model guided by what tokens tell (`stages/lmguided.py`), not at all by default: the paper
    does not. `composed` captions of new compositions (0, or music of another kind: the captions that clips
    have), for the first `drawn` of which whole clips are drawn at first. Of `batch` clips a step a share
    `own_share` is the corpus's own; beside each the student draws an `opening` of so many tokens for
    `openings` captions, and `read` ones are read alone. What it reads is blurred by up to `blur` of a
    caption's length in the joint space; `told_weight` is that of how often openings and first tokens tell
    what is stated, `read_weight` that of what is read behind the codes. `style_weight` is what telling the
    style is worth beside the lead's family, drums and tempo; it costs the family, which competes for the
    same tokens."""

    steps: int = 0
    learning_rate: float = 1e-4
    betas: tuple[float, ...] = (0.9, 0.98)
    weight_decay: float = 0.0
    ema: float = 0.95
    composed: int = 12000
    drawn: int = 2880
    own_share: float = 0.25
    openings: int = 48
    opening: int = 8
    read: int = 0
    blur: float = 0.4
    told_weight: float = 1.0
    read_weight: float = 0.3
    style_weight: float = 0.0


@dataclass(frozen=True)
class DpdTunedSettings(DpdSettings):
    """The diffusion network tuned for what a listener hears (`stages/dpdtuned.py`), not at all by default:
    the paper does not. Clips are made in `sampler_steps`, half of them in as many up to `most_steps` (0: not
    in more); gradients go through up to `through` of the last; a share `drawn_share` of the clips is made of
    tokens that the language model draws, at first, for `drawn` captions; those of its own clips are made to
    tell what labels say, by the weight `correction` against nearness (0: they stay); `reward_weight` is
    beside the error of the velocity, and so is `sound_weight`, that of what listeners of sound hear in
    `sound_frames` frames of the clips when they are decoded (0: nothing). The other weights are of what
    should be heard; by a third of the family's, clips told fewer drums than tokens do."""

    steps: int = 0
    ema: float = 0.98
    sampler_steps: int = 5
    most_steps: int = 0
    through: int = 3
    drawn: int = 0
    drawn_share: float = 0.5
    correction: float = 0.0
    reward_weight: float = 0.1
    sound_weight: float = 0.0
    sound_frames: int = 40
    lead_weight: float = 0.7
    family_weight: float = 1.5
    tempo_weight: float = 0.5
    drums_weight: float = 1.5
    quality_weight: float = 0.5
    style_weight: float = 0.3

    @property
    def wanted(self) -> dict[str, float]:
        """The weight of each label (`stages/labels.py`)."""
        return {
            "lead": self.lead_weight,
            "lead_family": self.family_weight,
            "tempo": self.tempo_weight,
            "drums": self.drums_weight,
            "quality": self.quality_weight,
            "style": self.style_weight,
        }


@dataclass(frozen=True)
class ExportSettings:
    """The checkpoint directory; `dtype` is what tensors are stored as."""

    dtype: Literal["f32", "bf16", "f16"] = "f32"

    def identity(self) -> dict[str, Any]:
        """See `StageSettings`."""
        return dataclasses.asdict(self)


@dataclass(frozen=True)
class Settings:
    """A whole settings file."""

    corpus: CorpusSettings = field(default_factory=CorpusSettings)
    vae: VaeSettings = field(default_factory=VaeSettings)
    tokenizer: TokenizerSettings = field(default_factory=TokenizerSettings)
    kmeans: KmeansSettings = field(default_factory=KmeansSettings)
    mulan: MulanSettings = field(default_factory=MulanSettings)
    rvq: RvqSettings = field(default_factory=RvqSettings)
    mulantuned: MulanTunedSettings = field(default_factory=MulanTunedSettings)
    extract: ShardSettings = field(default_factory=ShardSettings)
    latents: ShardSettings = field(default_factory=ShardSettings)
    lm: LmSettings = field(default_factory=LmSettings)
    dpd: DpdSettings = field(default_factory=DpdSettings)
    listeners: ListenersSettings = field(default_factory=ListenersSettings)
    soundlisteners: SoundListenersSettings = field(default_factory=SoundListenersSettings)
    vaetuned: VaeTunedSettings = field(default_factory=VaeTunedSettings)
    lmtuned: LmTunedSettings = field(default_factory=LmTunedSettings)
    lmguided: LmGuidedSettings = field(default_factory=LmGuidedSettings)
    dpdtuned: DpdTunedSettings = field(default_factory=DpdTunedSettings)
    export: ExportSettings = field(default_factory=ExportSettings)


def digest(value: Any) -> str:
    """SHA-256 of a JSON value in canonical form."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
