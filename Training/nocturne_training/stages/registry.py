"""The stages in the order of the chain, what each needs and what each leaves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any

from ..trainer.settings import Settings
from .context import Context

SHARED_SECTIONS = ("sampleRate", "hop", "latentDim", "latentRate", "semanticRate", "clipSeconds")
"""Keys of config.json that every stage depends on."""


@dataclass(frozen=True)
class Stage:
    """One stage. `needs` names earlier stages or `corpus`; `sections` the keys of config.json it depends on
    besides the shared ones; `implementation` is `module:name` of a `Task`, or of a function of the context
    for a stage that only computes; `starts`, whether it takes weights from the checkpoint that a training
    starts from."""

    name: str
    needs: tuple[str, ...]
    sections: tuple[str, ...]
    implementation: str
    learns: bool = True
    starts: bool = True

    def load(self) -> Callable[[Context], Any]:
        """The task's class, or the function, which may return figures for the stage's record."""
        module, _, name = self.implementation.partition(":")
        return getattr(import_module(f"{__package__}.{module}"), name)


STAGES = (
    Stage("encoder", ("corpus",), ("vae",), "encoder:start", learns=False),
    Stage("vae", ("corpus",), ("vae",), "vae:VaeTask"),
    Stage("tokenizer", ("corpus",), ("tokenizer",), "tokenizer:TokenizerTask"),
    Stage("kmeans", ("corpus", "tokenizer"), ("tokenizer", "semanticVocab"), "kmeans:KmeansTask"),
    Stage("mulan", ("corpus",), ("mulan",), "mulan:MulanTask"),
    Stage("rvq", ("corpus", "mulan"), ("mulan", "rvq"), "rvq:RvqTask"),
    Stage(
        "mulantuned", ("corpus", "mulan", "rvq"), ("mulan", "rvq"), "mulantuned:MulanTunedTask", starts=False
    ),
    Stage(
        "extract",
        ("corpus", "kmeans", "mulan", "rvq"),
        ("tokenizer", "mulan", "rvq", "semanticVocab"),
        "extract:extract",
        learns=False,
        starts=False,
    ),
    Stage("latents", ("corpus", "vae"), ("vae",), "latents:latents", learns=False, starts=False),
    Stage("lm", ("extract", "rvq"), ("lm", "rvq", "semanticVocab"), "lm:LmTask"),
    Stage("dpd", ("extract", "latents"), ("dpd", "semanticVocab"), "dpd:DpdTask"),
    Stage(
        "listeners",
        ("corpus", "extract", "latents"),
        ("semanticVocab",),
        "listeners:ListenersTask",
        starts=False,
    ),
    Stage("soundlisteners", ("corpus",), (), "soundlisteners:SoundListenersTask", starts=False),
    Stage(
        "vaetuned",
        ("corpus", "latents", "soundlisteners", "vae"),
        ("vae",),
        "vaetuned:VaeTunedTask",
        starts=False,
    ),
    Stage(
        "lmtuned",
        ("corpus", "mulan", "extract", "rvq", "listeners", "lm"),
        ("mulan", "lm", "rvq", "semanticVocab"),
        "lmtuned:LmTunedTask",
        starts=False,
    ),
    Stage(
        "lmguided",
        ("corpus", "mulan", "extract", "rvq", "lm"),
        ("mulan", "lm", "rvq", "semanticVocab"),
        "lmguided:LmGuidedTask",
        starts=False,
    ),
    Stage(
        "dpdtuned",
        ("corpus", "extract", "latents", "listeners", "soundlisteners", "lm", "vae", "dpd"),
        ("dpd", "semanticVocab"),
        "dpdtuned:DpdTunedTask",
        starts=False,
    ),
    Stage(
        "export",
        ("vae", "kmeans", "mulan", "rvq", "lm", "dpd"),
        ("mulan", "rvq", "tokenizer", "lm", "dpd", "vae", "name", "semanticVocab"),
        "export:export",
        learns=False,
        starts=False,
    ),
)
NAMES = tuple(stage.name for stage in STAGES)
LISTENING = ("listeners", "soundlisteners")
"""Stages that leave nothing in the checkpoint, but what networks are tuned for."""
TUNED = ("mulan", "vae", "lm", "dpd")
"""Networks that a stage of their own may tune; of MuLan the text tower, of the VAE the decoder."""


def tuned(settings: Settings) -> dict[str, str]:
    """The stages whose network is tuned after it has learned, and the last stage that does it."""
    found = {name: f"{name}tuned" for name in TUNED if getattr(settings, f"{name}tuned").steps}
    return found | ({"lm": "lmguided"} if settings.lmguided.steps else {})


def tuned_before(settings: Settings) -> str:
    """The stage whose language model `lmguided` guides."""
    return "lmtuned" if settings.lmtuned.steps else "lm"


def stages_of(settings: Settings) -> tuple[Stage, ...]:
    """The stages of a training. Where the VAE's encoder is kept as it starts, it is a stage of its own, and
    its latents need not wait for the decoder; else `vae` learns it. Networks are tuned where the settings
    say so, and those listeners learn for which one is."""
    also = tuned(settings)
    through = settings.dpdtuned.sound_weight > 0 and "dpd" in also
    tuning = [f"{name}tuned" for name in TUNED] + ["lmguided"]
    left_out = {name for name in tuning if not getattr(settings, name).steps}
    left_out |= {"listeners"} if {"lmtuned", "dpdtuned"} <= left_out else set()
    left_out |= set() if "vae" in also or through else {"soundlisteners"}
    left_out |= set() if settings.vae.encoder_kept else {"encoder"}
    instead = {"latents": {"vae": ("encoder",)} if settings.vae.encoder_kept else {}}
    # The audio tower and the encoder, which no stage tunes, are still those of the first stage.
    halves = {name: (name, also[name]) for name in ("mulan", "vae") if name in also}
    instead["export"] = {name: (stage,) for name, stage in also.items()} | halves
    if "mulan" in also:
        instead["extract"] = {"mulan": halves["mulan"]}
        instead["lmtuned"] = {"mulan": (also["mulan"],)}
    instead["lmguided"] = {"lm": (tuned_before(settings),), "mulan": (also.get("mulan", "mulan"),)}
    instead["dpdtuned"] = {name: (also.get(name, name),) for name in ("lm", "vae")}
    if not through:
        instead["dpdtuned"] |= {"soundlisteners": (), "vae": ()}
    return tuple(
        replace(
            stage,
            needs=tuple(
                other for name in stage.needs for other in instead.get(stage.name, {}).get(name, (name,))
            ),
        )
        for stage in STAGES
        if stage.name not in left_out
    )
