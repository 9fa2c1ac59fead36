"""Accompaniment: chords, pads, bass lines and drums from the patterns of a style."""

from __future__ import annotations

from random import Random

from .harmony import Chord, voicing
from .instruments import Instrument
from .score import Note, Span, events, span_at
from .styles import Role

DRUMS = {
    "kick": 36, "rim": 37, "snare": 38, "clap": 39, "tom_low": 43, "hat": 42, "pedal": 44, "tom_mid": 47,
    "open": 46, "crash": 49, "tom_high": 50, "ride": 51, "tambourine": 54, "cowbell": 56, "cymbal": 57,
    "bongo_high": 60, "bongo_low": 61, "conga_high": 63, "conga_low": 64, "shaker": 70,
}  # fmt: skip
ACCENTS = {"x": 88, "X": 106, "o": 48}
FILLS = ("x.x.X.xx", "..x.xxxx", "X.xxX.xx", "....x.xx", "x..x..xx")


class Comping:
    """Chords of one player in voice-led positions."""

    def __init__(self, role: Role, instrument: Instrument, ceiling: int) -> None:
        self.role, self.instrument = role, instrument
        self.low = max(instrument.low, role.low or 48)
        self.high = min(instrument.high, role.high or max(67, min(76, ceiling)))
        if self.high - self.low < 15:
            self.low, self.high = instrument.low, min(instrument.high, max(self.high, instrument.low + 15))
        self.previous: list[int] | None = None

    def voices(self, chord: Chord) -> list[int]:
        """The next position, near the one before."""
        self.previous = voicing(chord, self.previous, self.low, self.high, self.role.voices)
        return self.previous

    def write(self, spans: list[Span], start: int, end: int, pattern: str, velocity: int) -> list[Note]:
        """The pattern over start...end, chord by chord; held events stop where the chord changes."""
        notes: list[Note] = []
        positions: dict[int, list[int]] = {}
        for onset, length, symbol in _repeated(pattern, start, end):
            span = span_at(spans, onset)
            if span.start not in positions:
                positions[span.start] = self.voices(span.chord)
            pitches = positions[span.start]
            limit = min(end, span.start + span.length) - onset
            held = limit if self.role.ring and self.instrument.decays else min(length, limit)
            strength = velocity + (6 if (onset - start) % 8 == 0 else 0)
            for pitch in self._chosen(symbol, pitches, span.chord):
                notes.append(Note(onset, held, pitch, strength))
        return notes

    def _chosen(self, symbol: str, pitches: list[int], chord: Chord) -> list[int]:
        if symbol in "xX":
            return pitches
        if symbol == "b":
            below = [p for p in range(self.instrument.low, pitches[0]) if p % 12 == chord.root]
            return below[-1:] or pitches[:1]
        return [pitches[int(symbol) % len(pitches)] + 12 * (int(symbol) // len(pitches))]


def pad(
    role: Role, instrument: Instrument, spans: list[Span], start: int, end: int, velocity: int
) -> list[Note]:
    """One held position a chord; a drone holds the first chord's root and fifth throughout."""
    if role.drone:
        root = next(p for p in range(max(instrument.low, 43), 128) if p % 12 == spans[0].chord.root)
        return [Note(start, end - start, p, velocity) for p in (root, root + 7) if p <= instrument.high]
    comping = Comping(Role(voices=3), instrument, 74)
    notes = []
    for span in spans:
        if start <= span.start < end:
            notes += [Note(span.start, span.length, p, velocity) for p in comping.voices(span.chord)]
    return notes


class Bass:
    """A bass line from a pattern; walks towards the next root."""

    def __init__(self, role: Role, instrument: Instrument, random: Random) -> None:
        self.low = max(instrument.low, role.low or instrument.low)
        self.high = min(instrument.high, role.high or instrument.high)
        self.random = random
        self.place = self.low + 7

    def write(self, spans: list[Span], start: int, end: int, pattern: str, velocity: int) -> list[Note]:
        """The pattern over start...end; every chord change is met with its root where the pattern allows."""
        notes: list[Note] = []
        met: int | None = None
        for onset, length, symbol in _repeated(pattern, start, end):
            span = span_at(spans, onset)
            fresh = span.start != met
            met = span.start
            following = span_at(spans, span.start + span.length).chord
            root = self._root(span.chord)
            pitch = root if fresh else self._pitch(symbol, root, span.chord, following)
            self.place = pitch
            held = min(length, max(1, span.start + span.length - onset))
            accent = 8 if (onset - start) % 16 == 0 else 0
            notes.append(Note(onset, held, pitch, velocity + accent + self.random.randint(-4, 4)))
        return notes

    def _root(self, chord: Chord) -> int:
        top = min(self.high, self.low + 16)
        return min(
            (p for p in range(self.low, top + 1) if p % 12 == chord.root), key=lambda p: abs(p - self.place)
        )

    def _pitch(self, symbol: str, root: int, chord: Chord, following: Chord) -> int:
        wanted = {"R": 0, "8": 12, "3": 4, "5": 7, "6": 9, "7": 10}
        if symbol in "wa":
            goal = self._root(following)
            direction = 1 if goal > self.place or (goal == self.place and self.place < self.low + 8) else -1
            near = [p for p in chord.ladder(self.low, self.high) if 0 < (p - self.place) * direction <= 4]
            if symbol == "a":
                side = self.random.choice((-1, 1)) if goal != self.low else 1
                return goal + side * self.random.choice((1, 2)) if goal + side * 2 >= self.low else goal + 2
            return self.random.choice(near) if near else self.place - direction * 2
        pitch = root + wanted[symbol]
        inside = [p for p in (pitch, pitch - 1, pitch + 1) if p % 12 in chord.classes or symbol in "67"]
        pitch = next((p for p in inside if p % 12 in chord.scale), pitch if symbol in "R8" else root)
        return pitch if pitch <= self.high else max(self.low, pitch - 12)


def drums(
    groove: dict[str, str], start: int, bars: int, bar: int, fill: bool, crash: bool, random: Random
) -> list[Note]:
    """A groove for some bars, with a fill in the last half bar and a cymbal at the start if asked for."""
    notes: list[Note] = []
    end = start + bars * bar
    fill_from = end - bar // 2 if fill else end
    for drum, pattern in groove.items():
        for onset, _, symbol in _repeated(pattern, start, end):
            if onset >= fill_from and drum not in ("kick", "shaker", "tambourine"):
                continue
            if symbol == "o" and random.random() < 0.25:
                continue
            notes.append(Note(onset, 1, DRUMS[drum], ACCENTS[symbol] + random.randint(-6, 6)))
    if fill:
        pattern = random.choice(FILLS)[-(bar // 2) :]
        drum_set = (
            ("bongo_high", "bongo_low")
            if "shaker" in groove or "tambourine" in groove
            else ("snare", "tom_low")
        )
        for onset, _, symbol in events(pattern):
            drum = drum_set[0] if onset < len(pattern) // 2 else random.choice((*drum_set, drum_set[0]))
            notes.append(Note(fill_from + onset, 1, DRUMS[drum], ACCENTS[symbol] - 4))
    if crash:
        notes.append(Note(start, 1, DRUMS["crash"], 92))
    return sorted(notes, key=lambda note: (note.start, note.pitch))


def _repeated(pattern: str, start: int, end: int) -> list[tuple[int, int, str]]:
    found = []
    for base in range(start, end, len(pattern)):
        for onset, length, symbol in events(pattern):
            if base + onset < end:
                found.append((base + onset, min(length, end - base - onset), symbol))
    return found
