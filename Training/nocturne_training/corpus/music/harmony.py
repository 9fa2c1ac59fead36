"""Modes, chords by Roman numeral, progressions by harmonic function, and voice leading."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from random import Random

SCALES = {
    "major": (0, 2, 4, 5, 7, 9, 11),
    "minor": (0, 2, 3, 5, 7, 8, 10),
    "dorian": (0, 2, 3, 5, 7, 9, 10),
    "mixolydian": (0, 2, 4, 5, 7, 9, 10),
    "lydian": (0, 2, 4, 6, 7, 9, 11),
    "phrygian": (0, 1, 3, 5, 7, 8, 10),
}
MAJOR = SCALES["major"]
NUMERALS = ("i", "ii", "iii", "iv", "v", "vi", "vii")
TRIADS = {"": (0, 4, 7), "m": (0, 3, 7), "o": (0, 3, 6), "+": (0, 4, 8), "sus4": (0, 5, 7), "5": (0, 7)}
NUMERAL = re.compile(
    r"(?P<accidental>[b#]?)(?P<numeral>[ivIV]+)(?P<suffix>o|\+|sus4|5)?(?P<colour>maj7|7|9|6)?$"
)

# Diatonic chords by function: tonic, subdominant (predominant), dominant. Lists begin with the most usual.
FUNCTIONS = {
    "major": {"T": ("I", "vi", "I", "iii"), "S": ("IV", "ii", "IV"), "D": ("V", "V7", "V")},
    "minor": {"T": ("i", "bVI", "i", "bIII"), "S": ("iv", "iv", "iio", "bVI"), "D": ("V", "V7", "V")},
    "dorian": {"T": ("i", "bIII", "i"), "S": ("IV", "ii", "IV"), "D": ("bVII", "v", "IV")},
    "mixolydian": {"T": ("I", "vi", "I"), "S": ("IV", "ii", "IV"), "D": ("bVII", "v", "bVII")},
    "lydian": {"T": ("I", "vi", "I", "iii"), "S": ("II", "II", "vi"), "D": ("V", "II", "vii")},
    "phrygian": {"T": ("i", "bVI", "i"), "S": ("iv", "bIII", "bvii"), "D": ("bII", "bII", "bvii")},
}
OPEN_SHAPES = ("T T S D", "T S T D", "T D T D", "T T S D", "T S S D", "T S D D", "T T' T D")
# What a second chord of a bar may be, by the function of the first.
FOLLOWING = {"T": "TSD", "S": "SDT", "D": "TD"}
CLOSED_SHAPES = ("T S D T", "T T SD T", "S D T T", "T S SD T", "T' S D T", "S T SD T")


@dataclass(frozen=True, slots=True)
class Chord:
    """A chord in a key: root pitch class, pitch classes (root first), and the scale of melodies over it."""

    symbol: str
    root: int
    classes: tuple[int, ...]
    scale: tuple[int, ...]

    def ladder(self, low: int, high: int) -> list[int]:
        """The scale's pitches from low to high."""
        return [pitch for pitch in range(low, high + 1) if pitch % 12 in self.scale]

    def tones(self, low: int, high: int) -> list[int]:
        """The chord's pitches from low to high."""
        return [pitch for pitch in range(low, high + 1) if pitch % 12 in self.classes]


def chord(symbol: str, tonic: int, mode: str, colour: str = "triad") -> Chord:
    """Reads a numeral relative to the major scale ("bVII", "ii7", "V7", "iio"); `colour` may add to it:
    "seventh" and "ninth" add diatonic thirds, "power" leaves root and fifth, "add9" adds the second.
    Raises ValueError for an unknown symbol."""
    match = NUMERAL.match(symbol)
    if match is None or match["numeral"].lower() not in NUMERALS:
        raise ValueError(f"no chord named {symbol!r}")
    numeral, suffix = match["numeral"], match["suffix"] or ""
    degree = NUMERALS.index(numeral.lower())
    root = MAJOR[degree] + {"b": -1, "#": 1, "": 0}[match["accidental"]]
    triad = TRIADS[suffix or ("" if numeral.isupper() else "m")]
    home = tuple(SCALES[mode])
    third_alone = {(root + step) % 12 for step in triad}
    scale = _bend(home, third_alone)
    steps = list(triad)
    if colour == "power":
        steps = [0, 7] if 7 in triad else steps
    added = match["colour"] or {"seventh": "7", "ninth": "9", "add9": "add9"}.get(colour, "")
    steps += _colours(added, root, scale, numeral, explicit=match["colour"] is not None)
    classes = tuple(dict.fromkeys((tonic + root + step) % 12 for step in steps))
    bent = _bend(home, {(pitch - tonic) % 12 for pitch in classes} | third_alone)
    return Chord(symbol, (tonic + root) % 12, classes, tuple(sorted((tonic + pitch) % 12 for pitch in bent)))


def _bend(scale: tuple[int, ...], wanted: set[int]) -> tuple[int, ...]:
    """The scale with one neighbour replaced for each chord tone outside it; tonic and evenness are kept."""
    bent = set(scale)
    for tone in sorted(wanted - set(scale)):
        replaceable = [p for p in ((tone - 1) % 12, (tone + 1) % 12) if p in bent and p not in wanted]
        bent.add(tone)
        if replaceable:
            bent.discard(min(replaceable, key=lambda p: (p in (0, 7), _widest(bent - {p}))))
    return tuple(sorted(bent))


def _widest(classes: set[int]) -> int:
    ordered = sorted(classes)
    return max((b - a) % 12 for a, b in zip(ordered, ordered[1:] + ordered[:1], strict=True))


def _colours(added: str, root: int, scale: tuple[int, ...], numeral: str, explicit: bool) -> list[int]:
    def diatonic(*sizes: int) -> list[int]:
        inside = [size for size in sizes if (root + size) % 12 in scale]
        return inside[:1]

    if added == "maj7":
        return [11]
    if added == "6":
        return [9]
    if added == "7" and explicit:
        return [10]
    if added == "7":
        return diatonic(10, 11)
    if added == "9":
        return ([10] if explicit else diatonic(10, 11)) + diatonic(14)
    if added == "add9":
        return diatonic(14)
    return []


def functional(mode: str, closed: bool, random: Random, busy: float = 0.0) -> list[list[str]]:
    """Four bars of numerals by function; closed phrases end on the tonic chord, open ones on a dominant.

    `busy` is the share of the inner bars that get a second chord.
    """
    functions = FUNCTIONS[mode]
    bars = []
    shape = random.choice(CLOSED_SHAPES if closed else OPEN_SHAPES).split()
    for index, bar in enumerate(shape):
        names = []
        for function in re.findall(r"[TSD]'?", bar):
            options = functions[function[0]]
            if function.endswith("'"):
                options = tuple(dict.fromkeys(options))[1:]
            names.append(random.choice(options))
        if index == 0 and shape[0] == "T":
            names[0] = functions["T"][0]
        bars.append(names)
    for index, bar in enumerate(bars[:-1]):
        if len(bar) == 1 and random.random() < busy:
            following = random.choice(FOLLOWING[shape[index][0]])
            bar.append(random.choice([name for name in functions[following] if name != bar[0]]))
    bars[-1] = [functions["T" if closed else "D"][0]] if closed else [random.choice(functions["D"])]
    return bars


def voicing(chord_: Chord, previous: list[int] | None, low: int, high: int, count: int) -> list[int]:
    """`count` ascending pitches of the chord within low...high, moving as little as possible from `previous`.

    All chord tones are used where count allows; without a previous voicing it lies close around the middle.
    """
    classes = chord_.classes[:count] if len(chord_.classes) >= count else chord_.classes
    if len(chord_.classes) > count:
        # The fifth is the first to go, the root the second: the bass has it.
        spare = [chord_.classes[2], chord_.classes[0]]
        classes = tuple(c for c in chord_.classes if c not in spare[: len(chord_.classes) - count])[:count]
    best: tuple[float, list[int]] | None = None
    for order in itertools.permutations(classes):
        for start in (p for p in range(low, high + 1) if p % 12 == order[0]):
            pitches = [start]
            for pitch_class in order[1:]:
                pitches.append(pitches[-1] + ((pitch_class - pitches[-1]) % 12 or 12))
            while len(pitches) < count and pitches[-1] + 1 <= high:
                following = next((p for p in range(pitches[-1] + 3, high + 1) if p % 12 in classes), None)
                if following is None:
                    break
                pitches.append(following)
            if pitches[-1] > high:
                continue
            if previous:
                cost = sum(min(abs(p - q) for q in previous) for p in pitches) + abs(
                    pitches[-1] - previous[-1]
                )
            else:
                cost = abs(sum(pitches) / len(pitches) - (low + high) / 2)
            cost += 0.2 * (pitches[-1] - pitches[0]) + 6 * (count - len(pitches))
            cost += 2 * sum(above - below == 1 for below, above in itertools.pairwise(pitches))
            if best is None or cost < best[0] - 1e-9:
                best = (cost, pitches)
    return best[1] if best else [p for p in range(low, high + 1) if p % 12 in classes][:count]
