"""Captions of a clip from its labels: one to four sentences in the manner of MusicCaps, and tag lists."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from random import Random
from typing import Any

from ..music.instruments import INSTRUMENTS
from ..music.styles import STYLES
from .facts import FACT_OF, WORDS, Facts, facts, moods
from .grammar import choose, fill, sentence, slots

PHRASES: dict[str, dict[str, list[str]]] = tomllib.loads(Path(__file__).with_name("phrases.toml").read_text())
OPENINGS = ("opening", "opening", "opening", "anonymous")
# How readily a further sentence is of each group.
WEIGHTS = {
    "backing": 9, "drums": 7, "mood": 7, "tempo": 6, "scene": 6, "melody": 5, "second": 5, "voiceless": 5,
    "no_drums": 3, "alone": 5, "chords": 3, "bass": 3, "pad": 3, "space": 2, "key": 2, "metre": 2,
    "density": 2,
    "loudness": 2, "register": 2,
}  # fmt: skip
SENTENCES = {1: 15, 2: 28, 3: 34, 4: 23}
VOICELESS_WORDS = re.compile(r"instrumental|voice|sing")


def captions(labels: dict[str, Any], random: Random, heldout: bool) -> list[dict[str, Any]]:
    """Three captions of sentences and one list of tags; with `heldout`, the third is written in phrases kept
    from training."""
    written = [{"text": sentences(labels, random), "kind": "sentences", "heldout": False} for _ in range(2)]
    written.append({"text": sentences(labels, random, heldout), "kind": "sentences", "heldout": heldout})
    written.append({"text": tags(labels, random), "kind": "tags", "heldout": False})
    return written


def sentences(labels: dict[str, Any], random: Random, heldout: bool = False) -> str:
    """One to four sentences; each states facts that those before have not."""
    count = random.choices(list(SENTENCES), list(SENTENCES.values()))[0]
    known = facts(labels, random)
    source = "heldout" if heldout else "common"
    said: set[str] = set()
    written: list[str] = []
    groups = [random.choice(OPENINGS)]
    if groups[0] == "anonymous":
        count = max(2, count)
        if random.random() < 0.7:
            groups.append("melody")
    weights = dict(WEIGHTS)
    while len(written) < count and (groups or weights):
        if not groups:
            names = sorted(weights)
            groups.append(random.choices(names, [weights[name] for name in names])[0])
        group = groups.pop(0)
        weights.pop(group, None)
        text = _sentence(group, source, known, said, random)
        if text:
            written.append(text)
    return " ".join(written)


def _sentence(group: str, source: str, known: Facts, said: set[str], random: Random) -> str | None:
    """A sentence of the group whose slots are all known and say something new; records what it says."""
    usable = []
    for template in PHRASES[group][source]:
        resolved = choose(template, random)
        if group == "voiceless" and "voiceless" in said:
            continue
        stated = {FACT_OF[slot] for slot in slots(resolved)}
        if all(slot in known.values for slot in slots(resolved)) and not stated & said:
            usable.append((resolved, stated))
    if not usable:
        return None
    resolved, stated = random.choice(usable)
    said |= stated
    # "Adjective" and "mood" in one opening is enough of both.
    if VOICELESS_WORDS.search(resolved):
        said.add("voiceless")
    return sentence(
        fill(resolved.replace("{if_no_drums}", "").replace("{if_solo}", ""), known.values, known.plural)
    )


def tags(labels: dict[str, Any], random: Random) -> str:
    """Four to ten tags in any order, separated by commas."""
    words, roles = STYLES[labels["style"]].words, labels["roles"]
    lead = random.choice(INSTRUMENTS[labels["lead"]].names)
    first = [
        random.choice(
            [lead, f"{lead} melody", f"{lead} solo" if len(labels["instruments"]) == 1 else f"lead {lead}"]
        ),
        random.choice([labels["style"], *words.nouns]),
    ]
    further = [
        random.choice(WORDS["tempo_tag"][labels["tempo"]]),
        *random.sample(sorted(moods(labels)), 2),
        random.choice(words.adjectives),
        random.choice(["instrumental", "instrumental music", "no voices", "no vocals", "instrumental piece"]),
        random.choice(WORDS["space_tag"][labels["space"]]),
        random.choice(WORDS["metre_tag"][labels["metre"]]),
        random.choice(
            [
                f"{labels['bpm']} bpm",
                f"{labels['mode']} {'key' if labels['mode'] in ('major', 'minor') else 'mode'}",
            ]
        ),
    ]
    for role, endings in (
        ("chords", ("", " chords", " accompaniment")),
        ("bass", ("", " line")),
        ("pad", ("", " in the background")),
    ):
        if role in roles and roles[role] != labels["lead"]:
            name = random.choice(INSTRUMENTS[roles[role]].names)
            further.append(name if " with " in name else name + random.choice(endings))
    if labels["drums"]:
        further.append(random.choice([*INSTRUMENTS[roles["drums"]].names, "drums", "percussion"]))
    else:
        further.append(random.choice(["no drums", "no percussion"]))
    if len(labels["instruments"]) == 1:
        further += [
            f"solo {lead.removeprefix('solo ')}",
            random.choice(["no other instruments", "unaccompanied"]),
        ]
    random.shuffle(further)
    kept = first[: random.choice((1, 2, 2, 2))] + further[: random.randint(3, 8)]
    random.shuffle(kept)
    return ", ".join(dict.fromkeys(kept))
