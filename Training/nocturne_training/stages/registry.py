"""The stages in the order of the chain, what each takes and what each leaves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib import import_module
from typing import TYPE_CHECKING, Any

from ..models.modules import BUILDERS
from ..trainer.errors import TrainingError
from ..trainer.settings import Settings

if TYPE_CHECKING:
    from .context import Context

SHARED_SECTIONS = ("sampleRate", "hop", "latentDim", "latentRate", "semanticRate", "clipSeconds")
"""Keys of config.json that every stage depends on."""
CORPUS = "corpus"
"""What stages take that none leaves."""


@dataclass(frozen=True)
class Stage:
    """One stage. `takes` names what it reads, `leaves` what others may: modules of a checkpoint, or what a
    stage of that name has written; `sections` the keys of config.json it depends on besides the shared ones;
    `implementation` is `module:name` of a `Task`, or of a function of the context for a stage that only
    computes; `optional`, whether it is left out where its settings have no steps; `starts`, whether it takes
    weights from the checkpoint that a training starts from. `sources` has, of a stage of a training, the
    stage that leaves each of `takes`."""

    name: str
    takes: tuple[str, ...]
    leaves: tuple[str, ...]
    sections: tuple[str, ...]
    implementation: str
    learns: bool = True
    optional: bool = False
    starts: bool = False
    sources: tuple[str, ...] = ()

    @property
    def needs(self) -> tuple[str, ...]:
        """The stages to wait for, each once, and the corpus."""
        return tuple(dict.fromkeys(self.sources))

    def source(self, taken: str) -> str:
        """The stage that leaves what this one takes."""
        return self.sources[self.takes.index(taken)]

    def load(self) -> Callable[[Context], Any]:
        """The task's class, or the function, which may return figures for the stage's record."""
        module, _, name = self.implementation.partition(":")
        return getattr(import_module(f"{__package__}.{module}"), name)


_VAE, _MULAN = ("vae_encoder", "vae_decoder"), ("mulan_audio", "mulan_text")
_HEARD = ("soundlisteners", "vae_decoder")
STAGES = (
    Stage("encoder", (CORPUS,), ("vae_encoder",), ("vae",), "encoder:start", learns=False, starts=True),
    Stage("vae", (CORPUS,), _VAE, ("vae",), "vae:VaeTask", starts=True),
    Stage("tokenizer", (CORPUS,), ("tokenizer",), ("tokenizer",), "tokenizer:TokenizerTask", starts=True),
    Stage(
        "kmeans",
        (CORPUS, "tokenizer"),
        ("tokenizer",),
        ("tokenizer", "semanticVocab"),
        "kmeans:KmeansTask",
        starts=True,
    ),
    Stage("mulan", (CORPUS,), _MULAN, ("mulan",), "mulan:MulanTask", starts=True),
    Stage("rvq", (CORPUS, *_MULAN), ("rvq",), ("mulan", "rvq"), "rvq:RvqTask", starts=True),
    Stage(
        "mulantuned",
        (CORPUS, "mulan_text", "rvq"),
        ("mulan_text",),
        ("mulan", "rvq"),
        "mulantuned:MulanTunedTask",
        optional=True,
    ),
    Stage(
        "extract",
        (CORPUS, "tokenizer", *_MULAN, "rvq"),
        ("extract",),
        ("tokenizer", "mulan", "rvq", "semanticVocab"),
        "extract:extract",
        learns=False,
    ),
    Stage("latents", (CORPUS, "vae_encoder"), ("latents",), ("vae",), "latents:latents", learns=False),
    Stage("lm", ("extract", "rvq"), ("lm",), ("lm", "rvq", "semanticVocab"), "lm:LmTask", starts=True),
    Stage("dpd", ("extract", "latents"), ("dpd",), ("dpd", "semanticVocab"), "dpd:DpdTask", starts=True),
    Stage(
        "listeners",
        (CORPUS, "extract", "latents"),
        ("listeners",),
        ("semanticVocab",),
        "listeners:ListenersTask",
    ),
    Stage("soundlisteners", (CORPUS,), ("soundlisteners",), (), "soundlisteners:SoundListenersTask"),
    Stage(
        "vaetuned",
        (CORPUS, "latents", "soundlisteners", "vae_decoder"),
        ("vae_decoder",),
        ("vae",),
        "vaetuned:VaeTunedTask",
        optional=True,
    ),
    Stage(
        "lmtuned",
        (CORPUS, "mulan_text", "extract", "rvq", "listeners", "lm"),
        ("lm",),
        ("mulan", "lm", "rvq", "semanticVocab"),
        "lmtuned:LmTunedTask",
        optional=True,
    ),
    Stage(
        "lmguided",
        (CORPUS, "mulan_text", "extract", "rvq", "lm"),
        ("lm",),
        ("mulan", "lm", "rvq", "semanticVocab"),
        "lmguided:LmGuidedTask",
        optional=True,
    ),
    Stage(
        "dpdtuned",
        (CORPUS, "extract", "latents", "listeners", *_HEARD, "lm", "tokenizer", "dpd"),
        ("dpd",),
        ("dpd", "semanticVocab"),
        "dpdtuned:DpdTunedTask",
        optional=True,
    ),
    Stage(
        "export",
        tuple(BUILDERS),
        (),
        ("mulan", "rvq", "tokenizer", "lm", "dpd", "vae", "name", "semanticVocab"),
        "export:export",
        learns=False,
    ),
)
NAMES = tuple(stage.name for stage in STAGES)
TOLD = ("mulantuned", "extract", "listeners", "lmtuned", "lmguided", "dpdtuned")
"""Stages that ask what told centres are divided by, and into how many."""
LISTENING = ("listeners", "soundlisteners")
"""Stages that leave nothing in the checkpoint, but what networks are tuned for."""


def stages_of(settings: Settings) -> tuple[Stage, ...]:
    """The stages of a training, each with its sources: what it takes is what the last stage before it leaves.
    Networks are tuned where the settings say so, and those listeners learn for which one is."""
    chosen = [_suited(stage, settings) for stage in STAGES if _wanted(stage, settings)]
    taken = {name for stage in chosen for name in stage.takes}
    found, sources = [], {CORPUS: CORPUS}
    for stage in chosen:
        if stage.name in LISTENING and not taken.intersection(stage.leaves):
            continue
        found.append(replace(stage, sources=tuple(sources[name] for name in stage.takes)))
        sources |= dict.fromkeys(stage.leaves, stage.name)
    return tuple(found)


def stage_of(settings: Settings, name: str) -> Stage:
    """One of `stages_of`. Raises `TrainingError` for one that these settings leave out."""
    for stage in stages_of(settings):
        if stage.name == name:
            return stage
    advice = {"encoder": "set vae.encoderKept", **dict.fromkeys(LISTENING, "tune a network for it")}
    raise TrainingError(
        f"{name}: left out by these settings; {advice.get(name, f'set {name}.steps above 0')}"
    )


def _wanted(stage: Stage, settings: Settings) -> bool:
    if stage.name == "encoder":
        return settings.vae.encoder_kept
    return not stage.optional or getattr(settings, stage.name).steps > 0


def _suited(stage: Stage, settings: Settings) -> Stage:
    """The same stage, but that a VAE whose encoder is kept as it starts leaves that to a stage of its own,
    whose latents need not wait for the decoder, and that the diffusion network may be tuned unheard."""
    if stage.name == "vae" and settings.vae.encoder_kept:
        return replace(stage, leaves=("vae_decoder",))
    if stage.name == "dpdtuned" and settings.dpdtuned.sound_weight <= 0:
        return replace(stage, takes=tuple(name for name in stage.takes if name not in _HEARD))
    return stage
