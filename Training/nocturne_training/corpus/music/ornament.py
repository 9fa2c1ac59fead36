"""What a player adds to a written melody: grace notes, and a second voice a third below."""

from __future__ import annotations

from random import Random

from .instruments import Instrument
from .score import Note, Span, span_at

# Before the note, in sixteenths.
GRACE = 0.5


def graced(
    notes: list[Note], spans: list[Span], player: Instrument, chance: float, random: Random
) -> list[Note]:
    """Some of the longer notes with a short scale neighbour before them."""
    found: list[Note] = []
    for note in notes:
        if note.length >= 3 and note.start >= GRACE and random.random() < chance:
            ladder = span_at(spans, note.start).chord.ladder(player.low, player.high)
            step = random.choice((1, 1, -1))
            near = [p for p in ladder if 0 < (p - note.pitch) * step <= 2]
            if near:
                found.append(Note(note.start - GRACE, GRACE, near[0], max(1, note.velocity - 14)))
        found.append(note)
    return found


def in_thirds(notes: list[Note], spans: list[Span], player: Instrument) -> list[Note]:
    """The melody with a voice below: a chord tone under chord tones, a scale third under the others."""
    found: list[Note] = []
    for note in notes:
        chord = span_at(spans, note.start).chord
        below = chord.tones(player.low, note.pitch - 3)
        if note.pitch % 12 not in chord.classes:
            below = chord.ladder(player.low, note.pitch - 3)
        if below and note.pitch - below[-1] <= 9:
            found.append(Note(note.start, note.length, below[-1], max(1, note.velocity - 10)))
        found.append(note)
    return found
