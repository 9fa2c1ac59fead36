"""A run directory whose clips have labels, as those of a made corpus do."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from extraction import ALONE

from nocturne_training.config import Config, load
from nocturne_training.corpus.dataset import Caption, Clip
from nocturne_training.corpus.music.instruments import INSTRUMENTS
from nocturne_training.initialise import initialise
from nocturne_training.models.modules import build
from nocturne_training.stages import soundlisteners
from nocturne_training.stages.context import Context
from nocturne_training.stages.labels import CHOICES
from nocturne_training.stages.listeners import unlearned
from nocturne_training.stages.weights import write
from nocturne_training.trainer.settings import Settings

NETWORKS = {"lm": "lm", "dpd": "dpd", "vae": "vae_decoder", "mulan": "mulan_text"}
LEADS = list(INSTRUMENTS)


def named(number: int) -> dict[str, Any]:
    """Labels of which lead, family, tempo and drums differ from clip to clip."""
    lead = LEADS[7 * number % len(LEADS)]
    labels = {name: choices[0] for name, choices in CHOICES.items()}
    labels |= {"lead": lead, "lead_family": INSTRUMENTS[lead].family, "drums": number % 2 == 1}
    return labels | {"tempo": CHOICES["tempo"][number % 3], "families": [INSTRUMENTS[lead].family]}


def labelled_context(run: Path, corpus: Path, settings: Settings, config: Config | None = None) -> Context:
    """Every clip but the second training clip has labels."""
    made = Context(run, corpus, config or load("tiny"), settings, ALONE)
    splits = {
        split: [
            replace(clip, labels=named(number) if (split, number) != ("train", 1) else None)
            for number, clip in enumerate(made.corpus.split(split))
        ]
        for split in ("train", "valid")
    }
    vars(made)["corpus"] = SimpleNamespace(split=splits.__getitem__)
    return made


def captioned(clip: Clip, *texts: str) -> Clip:
    """The clip with other captions."""
    return replace(clip, captions=tuple(Caption(text, "sentences", False) for text in texts))


def stating_context(run: Path, corpus: Path, settings: Settings) -> Context:
    """Captions that state the lead and for every second clip its tempo; that of clip 4 states nothing."""
    made = labelled_context(run, corpus, settings)
    texts = {}
    for number in range(8):
        labels = named(number)
        texts[number] = f"A {labels['lead'].replace('_', ' ')} plays." + (
            f" The tempo is {labels['tempo']}." if number % 2 else ""
        )
    texts[4] = "Something is heard."
    splits = {
        split: [captioned(clip, texts[number]) for number, clip in enumerate(made.corpus.split(split))]
        for split in ("train", "valid")
    }
    vars(made)["corpus"] = SimpleNamespace(split=splits.__getitem__)
    return made


def write_networks(context: Context) -> None:
    """Untrained networks where the stages before the tuning leave theirs."""
    networks = [(stage, name, build(name, context.config)) for stage, name in NETWORKS.items()]
    networks += [("listeners", *listener) for listener in unlearned(context).items()]
    networks += [("soundlisteners", *listener) for listener in soundlisteners.unlearned().items()]
    for stage, name, module in networks:
        initialise(module, name, 2)
        (context.directory / stage).mkdir(exist_ok=True)
        write(context.directory / stage, name, module)
