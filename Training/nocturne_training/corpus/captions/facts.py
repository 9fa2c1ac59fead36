"""What captions may say of a clip: the values of the grammar's slots, from its labels alone."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from ..music.instruments import INSTRUMENTS
from ..music.styles import STYLES
from .grammar import is_plural, listed, with_article

WORDS: dict[str, dict[str, list[str]]] = tomllib.loads(Path(__file__).with_name("words.toml").read_text())
MOODS = {
    "major": {"slow": ("calm", "gentle"), "medium": ("pleasant", "cheerful"), "fast": ("lively", "happy")},
    "minor": {"slow": ("sad", "melancholic"), "medium": ("serious", "moody"), "fast": ("urgent", "restless")},
}

# Slots that state the same fact; a caption states each fact once.
FACT_OF = {
    "style_noun": "style", "a_style_noun": "style", "style_adj": "adjective", "a_style_adj": "adjective",
    "lead": "lead", "a_lead": "lead", "a_second": "second", "others": "others", "a_chords": "others",
    "chord_manner": "chord manner", "a_bass": "others", "a_pad": "others", "a_kit": "drums",
    "kit": "drums", "beat": "drums", "if_no_drums": "drums", "if_solo": "others", "tempo_word": "tempo",
    "a_tempo_word": "tempo", "tempo_pace": "tempo", "a_tempo_pace": "tempo",
    "tempo_plain": "tempo", "bpm": "tempo", "metre": "metre", "mood": "mood", "a_mood": "mood",
    "mood2": "mood",
    "key_name": "key", "mode_name": "key", "space": "space", "space_word": "space", "density": "density",
    "a_density": "density", "loudness": "loudness", "loudness_word": "loudness", "register": "register",
    "scene": "scene", "in_scene": "scene",
}  # fmt: skip


@dataclass(slots=True)
class Facts:
    """Slot values of one caption, each chosen once, and which of them are plural."""

    values: dict[str, str] = field(default_factory=dict)
    plural: set[str] = field(default_factory=set)

    def name(self, slot: str, instrument: str, random: Random) -> None:
        """Adds an instrument under `slot` and, with its article, under `a_slot`."""
        name = random.choice(INSTRUMENTS[instrument].names)
        self.values[slot], self.values[f"a_{slot}"] = name, with_article(name)
        if is_plural(name):
            self.plural |= {slot, f"a_{slot}"}

    def word(self, slot: str, options: list[str] | tuple[str, ...], random: Random) -> None:
        """Adds a word under `slot` and, with an article, under `a_slot`."""
        self.values[slot] = random.choice(options)
        self.values[f"a_{slot}"] = f"a {self.values[slot]}"


def facts(labels: dict[str, Any], random: Random) -> Facts:
    """Chooses a wording for everything that is true of the clip; what does not hold has no slot."""
    found = Facts()
    style, roles = STYLES[labels["style"]], labels["roles"]
    found.name("lead", labels["lead"], random)
    found.word("style_noun", style.words.nouns, random)
    found.word("style_adj", style.words.adjectives, random)
    found.values["in_scene"] = random.choice(style.words.scenes)
    found.values["scene"] = found.values["in_scene"].partition(" ")[2]
    for slot in ("tempo_word", "tempo_pace", "tempo_plain"):
        found.word(slot, WORDS[slot][labels["tempo"]], random)
    found.values["bpm"] = str(labels["bpm"] if random.random() < 0.5 else 5 * round(labels["bpm"] / 5))
    mood, second = random.sample(sorted(moods(labels)), 2)
    found.word("mood", (mood,), random)
    found.values["mood2"] = second
    found.values["key_name"] = (
        f"{labels['key'].replace('#', ' sharp').replace('b', ' flat')} {_title(labels['mode'])}"
    )
    for slot, label in (
        ("mode_name", "mode"),
        ("metre", "metre"),
        ("space", "space"),
        ("space_word", "space"),
    ):
        found.values[slot] = random.choice(WORDS[slot][labels[label]])
    found.values["register"] = random.choice(WORDS["register"][labels["register"]])
    found.word("density", WORDS["density"][labels["density"]], random)
    if labels["loudness"] in WORDS["loudness"]:
        for slot in ("loudness", "loudness_word"):
            found.values[slot] = random.choice(WORDS[slot][labels["loudness"]])
    _players(found, labels, roles, random)
    return found


def moods(labels: dict[str, Any]) -> set[str]:
    """Moods that suit the style in this mode and tempo."""
    words = STYLES[labels["style"]].words
    return {
        *(words.bright if labels["quality"] == "major" else words.dark),
        *MOODS[labels["quality"]][labels["tempo"]],
    }


def _players(found: Facts, labels: dict[str, Any], roles: dict[str, str], random: Random) -> None:
    lead_role = "lead" if roles.get("lead") == labels["lead"] else "second lead"
    second = roles.get("second lead" if lead_role == "lead" else "lead")
    if second and second != labels["lead"]:
        found.name("second", second, random)
    for role in ("chords", "bass", "pad"):
        if role in roles and roles[role] != labels["lead"]:
            found.name(role, roles[role], random)
    if "chords" in roles and labels.get("chord_manner"):
        found.values["chord_manner"] = random.choice(WORDS["chord_manner"][labels["chord_manner"]])
    others = [found.values[f"a_{role}"] for role in ("chords", "pad", "bass") if f"a_{role}" in found.values]
    if others:
        random.shuffle(others)
        kept = others[: random.randint(1, len(others))] if random.random() < 0.3 else others
        found.values["others"] = listed(kept)
        if len(kept) > 1 or is_plural(kept[0]):
            found.plural.add("others")
    if labels["drums"]:
        found.name("kit", roles["drums"], random)
        beats = WORDS["beat"].get(labels["style"], [])
        found.values["beat"] = random.choice(beats + WORDS["beat"]["any"][:2])
    else:
        found.values["if_no_drums"] = ""
    if len(labels["instruments"]) == 1:
        found.values["if_solo"] = ""


def _title(mode: str) -> str:
    return mode if mode in ("major", "minor") else mode.capitalize()
