"""A composed piece before performance: notes in sixteenths, chords as spans, parts by role."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field

from .harmony import Chord
from .instruments import Instrument
from .styles import Style

SIXTEENTHS_PER_BEAT = {"4/4": 4, "3/4": 4, "6/8": 6}


@dataclass(frozen=True, slots=True)
class Note:
    """Start and length in sixteenths, MIDI pitch, velocity 1...127."""

    start: float
    length: float
    pitch: int
    velocity: int


@dataclass(frozen=True, slots=True)
class Span:
    """A chord from `start` for `length` sixteenths."""

    start: int
    length: int
    chord: Chord


@dataclass(slots=True)
class Part:
    """One player: `role` is lead, second lead, chords, pad, bass or drums."""

    role: str
    instrument: Instrument
    notes: list[Note] = field(default_factory=list)


@dataclass(slots=True)
class Score:
    """A whole piece. `spans` cover it without gaps; `intro` is the sixteenths before the melody; `dynamics`
    lists levels from their place on."""

    style: Style
    bpm: int
    tonic: int
    mode: str
    space: str
    parts: list[Part]
    spans: list[Span]
    length: int
    intro: int
    dynamics: list[tuple[int, float]]

    def seconds(self, sixteenths: float) -> float:
        """Time of a place in the score, without swing."""
        return sixteenths * 60.0 / (self.bpm * SIXTEENTHS_PER_BEAT[self.style.metre])

    def chord_at(self, place: float) -> Chord:
        """The chord that sounds there."""
        return span_at(self.spans, place).chord


def span_at(spans: list[Span], place: float) -> Span:
    """The span that covers a place; the last one for places beyond the end."""
    return spans[max(0, bisect_right(spans, place, key=lambda span: span.start) - 1)]


def events(pattern: str) -> list[tuple[int, int, str]]:
    """Onset, length and symbol of each event of a pattern ("x--.x" is x for 3 and x for 1)."""
    found: list[tuple[int, int, str]] = []
    open_event = False
    for place, symbol in enumerate(pattern):
        if symbol == "-" and open_event:
            onset, length, held = found[-1]
            found[-1] = (onset, length + 1, held)
        elif symbol not in "-.":
            found.append((place, 1, symbol))
        open_event = symbol != "." and (symbol != "-" or open_event)
    return found
