"""Melodies: motifs repeated, varied and cadenced over the chords, with chord tones on the strong beats."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from .score import Note, Span, events, span_at
from .styles import Lead

# Letters are motifs, primes their variations, `c` the cadence.
PLANS = ("a a' a c", "a b a c", "a a' b c", "a b a' c", "a b b' c", "a a b c")
RIFF_PLANS = ("a a a c", "a a' a c", "a b a c", "a b a b'")
CONTOURS: tuple[Callable[[float], float], ...] = (
    lambda t: math.sin(math.pi * t) - 0.4,
    lambda t: 0.5 - t,
    lambda t: t - 0.5,
    lambda t: 0.6 * math.sin(2 * math.pi * t),
    lambda t: 0.4 - math.sin(math.pi * t),
    lambda t: 0.7 * math.sin(math.pi * min(1.0, 1.5 * t)) - 0.3,
)
BEATS = {"4/4": (0, 4, 8, 12), "3/4": (0, 4, 8), "6/8": (0, 6)}


@dataclass(frozen=True, slots=True)
class Motif:
    """One bar: onsets and lengths in sixteenths, and scale steps from the first note."""

    rhythm: tuple[tuple[int, int], ...]
    steps: tuple[int, ...]


class Melodist:
    """Writes phrases for one instrument within low...high (MIDI numbers); keeps its place between phrases."""

    def __init__(self, lead: Lead, metre: str, bar: int, low: int, high: int, random: Random) -> None:
        self.lead, self.bar, self.low, self.high, self.random = lead, bar, low, high, random
        self.beats = BEATS[metre]
        self.place = (low + high) // 2

    def motifs(self) -> dict[str, Motif]:
        """The material of one section: motifs a and b."""
        first = self._motif(self.random.choice(self.lead.rhythms))
        return {"a": first, "b": self._motif(self.random.choice(self.lead.rhythms))}

    def phrase(
        self, spans: list[Span], start: int, bars: int, closed: bool, motifs: dict[str, Motif]
    ) -> list[Note]:
        """Notes for `bars` bars from `start`; a closed phrase comes to rest on the tonic chord."""
        contour = self.random.choice(CONTOURS)
        plan = self._plan(bars)
        notes: list[Note] = []
        for index, name in enumerate(plan):
            cadence = index == bars - 1 and name == "c"
            if name == "c":
                motif = self._motif(self.random.choice(self.lead.cadences), falling=closed)
            else:
                motif = motifs[name[0]]
                motif = self._varied(motif) if name.endswith("'") else motif
            middle = (self.low + self.high) / 2 + contour(index / bars) * (self.high - self.low) * 0.7
            notes += self._realise(motif, spans, start + index * self.bar, middle, cadence and closed)
        return self._smoothed(notes, spans)

    def _plan(self, bars: int) -> list[str]:
        if bars < 4:
            return ["a", "b", "a", "c"][4 - bars :] if bars > 1 else ["c"]
        plan: list[str] = []
        while len(plan) + 4 <= bars:
            plan += self.random.choice(RIFF_PLANS if self.lead.riff else PLANS).split()
        return plan + ["a"] * (bars - len(plan) - 1) + ["c"] * (bars > len(plan))

    def _motif(self, rhythm: str, falling: bool = False) -> Motif:
        places = tuple((onset, length) for onset, length, _ in events(rhythm))
        steps, step, leapt = [0], 0, 0
        for _ in places[1:]:
            if leapt:
                move = -int(math.copysign(1, leapt)) * self.random.choice((1, 1, 2))
            else:
                move = self.random.choices((-1, 1, -2, 2, 0, 3, -3, 4), (28, 28, 9, 9, 10, 4, 3, 3))[0]
            if falling and self.random.random() < 0.6:
                move = -abs(move) if abs(move) < 3 else -1
            leapt = move if abs(move) >= 3 else 0
            step = max(-5, min(6, step + move))
            steps.append(step)
        return Motif(places, tuple(steps[: len(places)]))

    def _varied(self, motif: Motif) -> Motif:
        """Another ending, an inversion, a split long note, or one note fewer."""
        rhythm, steps = list(motif.rhythm), list(motif.steps)
        kind = self.random.choice(("ending", "invert", "split", "merge", "ending"))
        if kind == "invert":
            steps = [-step for step in steps]
        elif kind == "split" and any(length >= 4 for _, length in rhythm):
            index = next(i for i, (_, length) in enumerate(rhythm) if length >= 4)
            onset, length = rhythm[index]
            half = length // 2
            rhythm[index : index + 1] = [(onset, half), (onset + half, length - half)]
            steps.insert(index + 1, steps[index] + self.random.choice((-1, 1)))
        elif kind == "merge" and len(rhythm) > 3:
            index = self.random.randrange(1, len(rhythm) - 1)
            onset, length = rhythm[index]
            following = rhythm[index + 1]
            rhythm[index : index + 2] = [(onset, following[0] + following[1] - onset)]
            del steps[index + 1]
        else:
            for index in range(max(1, len(steps) - 2), len(steps)):
                steps[index] += self.random.choice((-2, -1, 1, 2))
        return Motif(tuple(rhythm), tuple(steps))

    def _realise(self, motif: Motif, spans: list[Span], start: int, middle: float, final: bool) -> list[Note]:
        notes: list[Note] = []
        base = 0
        for index, ((onset, length), step) in enumerate(zip(motif.rhythm, motif.steps, strict=True)):
            chord = span_at(spans, start + onset).chord
            ladder = chord.ladder(self.low, self.high)
            tones = chord.tones(self.low, self.high)
            if index == 0:
                anchor = min(
                    tones, key=lambda p: abs(p - middle) + 0.8 * abs(p - self.place) + self._chance(2.5)
                )
                base = anchor
            degree = _nearest(ladder, base) + step
            wanted = ladder[max(0, min(len(ladder) - 1, degree))]
            last = index == len(motif.rhythm) - 1
            strong = onset in self.beats or length >= 4
            if final and last:
                home = [p for p in tones if p % 12 == chord.root] or tones
                wanted = min(home if self.random.random() < 0.8 else tones, key=lambda p: abs(p - self.place))
            elif strong:
                wanted = min(tones, key=lambda p: abs(p - wanted) + 0.1 * (p == self.place))
            self.place = wanted
            velocity = 84 + 8 * (onset == 0) + 4 * (onset in self.beats) + self.random.randint(-5, 5)
            notes.append(Note(start + onset, length, wanted, velocity))
        return notes

    def _chance(self, size: float) -> float:
        return self.random.random() * size

    def _smoothed(self, notes: list[Note], spans: list[Span]) -> list[Note]:
        """Tones foreign to the chord stay only where they pass or neighbour by step; wide leaps fold."""
        pitches = [note.pitch for note in notes]
        for index, note in enumerate(notes):
            chord = span_at(spans, note.start).chord
            before = pitches[index - 1] if index else None
            after = pitches[index + 1] if index + 1 < len(notes) else None
            tones = chord.tones(self.low, self.high)
            if before is not None and abs(pitches[index] - before) > 9:
                pitches[index] = min(tones, key=lambda p: abs(p - before) + 0.3 * abs(p - note.pitch))
            if pitches[index] % 12 in chord.classes:
                continue
            steps = [abs(pitches[index] - other) for other in (before, after) if other is not None]
            if not steps or min(steps) > 2 or (after is not None and abs(pitches[index] - after) > 4):
                pitches[index] = min(tones, key=lambda p: abs(p - pitches[index]))
        return [Note(n.start, n.length, p, n.velocity) for n, p in zip(notes, pitches, strict=True)]


def _nearest(ladder: list[int], pitch: int) -> int:
    return min(range(len(ladder)), key=lambda index: abs(ladder[index] - pitch))
