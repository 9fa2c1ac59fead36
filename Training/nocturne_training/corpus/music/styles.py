"""Styles: what makes a waltz a waltz, read from styles/*.toml.

Patterns are bars of sixteenths. Everywhere `-` holds and `.` rests. Melody rhythms: `x` a note. Chords: `x`
the whole chord, `b` its root below it, digits a single voice from the lowest. Bass: `R` root, `8` octave,
`3 5 6 7` chord steps, `w` a step of a walking line, `a` a step into the next root. Drums: `x` hit,
`X` accent, `o` soft.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SIXTEENTHS = {"4/4": 16, "3/4": 12, "6/8": 12}


@dataclass(frozen=True, slots=True)
class Role:
    """One layer of a style: who may play it, how often it is there, and its one-or-more-bar patterns."""

    instruments: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    chance: float = 1.0
    low: int | None = None
    high: int | None = None
    voices: int = 4
    gate: float = 0.95
    ring: bool = False
    same: bool = False
    drone: bool = False


@dataclass(frozen=True, slots=True)
class Lead:
    """How melodies of a style move: rhythms of a bar, those that end a phrase, riffs or long phrases.

    `graces` is the chance of a grace note before a longer note.
    """

    instruments: tuple[str, ...]
    rhythms: tuple[str, ...]
    cadences: tuple[str, ...]
    riff: bool = False
    gate: float = 0.95
    dynamics: float = 1.0
    graces: float = 0.0


@dataclass(frozen=True, slots=True)
class Drums:
    """Kits and grooves; a groove maps a drum of `performance.DRUMS` to a pattern of one bar."""

    chance: float
    kits: tuple[str, ...]
    grooves: tuple[dict[str, str], ...]


@dataclass(frozen=True, slots=True)
class Words:
    """What captions say of a style; `bright` and `dark` are moods of its major and minor pieces."""

    nouns: tuple[str, ...]
    adjectives: tuple[str, ...]
    bright: tuple[str, ...]
    dark: tuple[str, ...]
    scenes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Style:
    """A style; `tempo` in bpm, `swing` the place of the off-beat in a pair of `swing_unit` sixteenths,
    `timing` the spread of human onsets in seconds, `solo` the chance of one instrument alone,
    `busy_harmony` the share of bars with two chords where harmony is not a loop."""

    name: str
    tempo: tuple[int, int]
    modes: dict[str, int]
    colours: tuple[str, ...]
    loops: dict[str, tuple[str, ...]]
    loop_share: float
    spaces: dict[str, int]
    timing: float
    lead: Lead
    chords: Role
    pad: Role
    bass: Role
    drums: Drums
    words: Words
    metre: str = "4/4"
    swing: float = 0.5
    swing_unit: int = 2
    solo: float = 0.0
    busy_harmony: float = 0.1
    bar: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "bar", SIXTEENTHS[self.metre])


def _load(path: Path) -> Style:
    table: dict[str, Any] = tomllib.loads(path.read_text())
    parts = {"lead": Lead, "chords": Role, "pad": Role, "bass": Role, "drums": Drums, "words": Words}
    built = {key: kind(**_tuples(table.pop(key))) for key, kind in parts.items()}
    loops = {mode: tuple(texts) for mode, texts in table.pop("loops").items()}
    return Style(name=path.stem, loops=loops, **built, **_tuples(table))


def _tuples(table: dict[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in table.items()}


STYLES = {path.stem: _load(path) for path in sorted((Path(__file__).parent / "styles").glob("*.toml"))}
