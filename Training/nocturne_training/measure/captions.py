"""What a caption asks for, read from its words, and which held-out captions are rendered."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from ..corpus.captions.facts import WORDS
from ..corpus.dataset import Caption, Clip
from ..corpus.music.instruments import INSTRUMENTS
from ..corpus.music.styles import STYLES
from ..corpus.vocabulary import MODES, quality, tempo
from ..stages.labels import complete

ATTRIBUTES = ("family", "drums", "tempo", "quality", "style")
COUNTED = ("family", "drums", "tempo", "quality")
"""What captions to render should state much of."""
HELD_OUT_EVERY = 4
"""Of so many captions one is of phrasing that no training caption has."""

_NO_DRUMS = re.compile(
    r"\b(?:no|without(?: any)?) (?:drums|percussion|drumming|beat\b)|\bnot a single drum\b"
    r"|\b(?:without|has no|does without) (?:drums|percussion)"
)
_BPM = re.compile(r"\b(\d{2,3}) (?:bpm|beats per minute)\b|\bmetronome would be set near (\d{2,3})\b")
# Words that mean a tempo only beside one of these; "moderate" may be of the texture.
_VAGUE = "medium", "moderate", "comfortable, medium"
_MODE = re.compile(rf"\b({'|'.join(MODES)})\b")
_TEMPO_GROUPS = "tempo_word", "tempo_pace", "tempo_plain", "tempo_tag"


@dataclass(frozen=True, slots=True)
class Traits:
    """What a caption asks for; None where it leaves something open. Values as in the corpus' vocabulary."""

    family: str | None = None
    drums: bool | None = None
    tempo: str | None = None
    quality: str | None = None
    style: str | None = None

    @property
    def count(self) -> int:
        """How many of `COUNTED` the caption states."""
        return sum(getattr(self, name) is not None for name in COUNTED)


@dataclass(frozen=True, slots=True)
class Request:
    """A held-out clip with the caption of it that is rendered; `asked` is what that caption states."""

    clip: Clip
    caption: Caption
    asked: Traits


def asked(text: str, labels: dict[str, Any]) -> Traits:
    """What `text` says of a clip with these labels. Captions are true of their clips, so a word counts only
    for the label's own value."""
    named, nameless, plain = _named(text.lower())
    rest, beats = _beats().subn(" ", plain)
    return Traits(
        family=labels["lead_family"] if labels["lead"] in named else None,
        drums=_drums(plain, labels["drums"], beats > 0 or any(_is_kit(name) for name in named)),
        tempo=_tempo(rest, labels["tempo"]),
        quality=_quality(rest, labels["quality"]),
        style=_style(nameless, labels["style"]),
    )


def chosen(clips: Sequence[Clip], count: int) -> list[Request]:
    """At most `count` clips, evenly over the split, each with one caption: every fourth its caption of
    held-out phrasing, the others the one that states most, the mode before all since few captions do."""
    usable = [clip for clip in clips if clip.captions and complete(clip)]
    places = range(min(count, len(usable)))
    picked = [usable[place * len(usable) // len(places)] for place in places]
    return [_request(clip, place % HELD_OUT_EVERY == HELD_OUT_EVERY - 1) for place, clip in enumerate(picked)]


def _request(clip: Clip, heldout: bool) -> Request:
    captions = [caption for caption in clip.captions if caption.heldout == heldout] or list(clip.captions)
    labels = clip.labels or {}
    requests = [Request(clip, caption, asked(caption.text, labels)) for caption in captions]
    return max(requests, key=lambda request: (request.asked.quality is not None, request.asked.count))


def others(requests: Sequence[Request]) -> list[int]:
    """For each request the place of another one, of another composition where there is one: the control."""
    pieces = [str((request.clip.labels or {}).get("composition", request.clip.id)) for request in requests]
    count = len(requests)
    for shift in range(1, count):
        if all(pieces[place] != pieces[(place + shift) % count] for place in range(count)):
            return [(place + shift) % count for place in range(count)]
    return [(place + count // 2) % count for place in range(count)]


@lru_cache
def _names() -> tuple[re.Pattern[str], dict[str, frozenset[str]]]:
    """A pattern of all names of instruments, longest first, and the instruments that each may mean."""
    meant: dict[str, set[str]] = {}
    for instrument in INSTRUMENTS.values():
        for name in instrument.names:
            meant.setdefault(name.lower(), set()).add(instrument.name)
    return _any_of(meant), {name: frozenset(found) for name, found in meant.items()}


def _any_of(words: Iterable[str]) -> re.Pattern[str]:
    longest = sorted(words, key=lambda word: (-len(word), word))
    return re.compile(rf"(?<![\w-])(?:{'|'.join(map(re.escape, longest))})(?![\w-])")


def _named(text: str) -> tuple[set[str], str, str]:
    """The instruments that a lower-case text names, the text without their names, and that without those of
    styles, too. A tango accordion asks for no tango."""
    pattern, meant = _names()
    found: set[str] = set()
    for match in pattern.finditer(text):
        found |= meant[match[0]]
    nameless = pattern.sub(" ", text)
    return found, nameless, _style_names().sub(" ", nameless)


@lru_cache
def _style_names(style: str | None = None) -> re.Pattern[str]:
    """Of one style, or of all."""
    styles = STYLES.values() if style is None else [STYLES[style]]
    return _any_of(noun.lower() for one in styles for noun in one.words.nouns)


@lru_cache
def _beats() -> re.Pattern[str]:
    named = (beat.lower() for beats in WORDS["beat"].values() for beat in beats)
    return _any_of([*named, "drums", "percussion"])


@lru_cache
def _tempos(label: str) -> re.Pattern[str]:
    words = {word for group in _TEMPO_GROUPS for word in WORDS[group][label]}
    alone = _any_of(words - {*_VAGUE}).pattern
    vague = "|".join(_VAGUE)
    return re.compile(
        rf"{alone}|\b(?:{vague}) (?:tempo|pace|gait)\b|\b(?:tempo|song|piece|music) is (?:{vague})\b"
    )


def _is_kit(name: str) -> bool:
    return INSTRUMENTS[name].family == "drums"


def _drums(text: str, present: bool, named: bool) -> bool | None:
    if present:
        return True if named else None
    return False if _NO_DRUMS.search(text) else None


def _tempo(text: str, label: str) -> str | None:
    if match := _BPM.search(text):
        # A number that was rounded over a class's bound asks for neither side of it.
        return label if tempo(float(match[1] or match[2])) == label else None
    return label if _tempos(label).search(text) else None


def _quality(text: str, label: str) -> str | None:
    match = _MODE.search(text)
    return label if match and quality(match[1]) == label else None


def _style(text: str, label: str) -> str | None:
    return label if _style_names(label).search(text) else None
