"""From a score to timed MIDI events: swing, human timing, dynamics, balance and room."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from random import Random

from .score import Note, Part, Score

PERCUSSION_CHANNEL = 9
# Channel volumes (controller 7) by role; they leave room for a synthesizer to lift quiet instruments.
VOLUMES = {"lead": 75, "second lead": 74, "chords": 56, "pad": 44, "bass": 64, "drums": 62}
# Reverb by space: room size, damping, level, and the send of each part (controller 91).
SPACES = {"dry": (0.2, 0.6, 0.2, 12), "room": (0.45, 0.4, 0.55, 45), "hall": (0.82, 0.25, 0.8, 72)}
# Families whose soloists play with vibrato.
VIBRATO = ("strings", "reed", "flute", "brass")
TAIL_SECONDS = 1.5


@dataclass(frozen=True, slots=True)
class Event:
    """A note of a channel, in seconds."""

    start: float
    end: float
    channel: int
    pitch: int
    velocity: int


@dataclass(frozen=True, slots=True)
class Channel:
    """Program (a kit on the percussion channel), the middle of its range, volume, reverb send and vibrato
    (0...127)."""

    number: int
    program: int
    middle: int
    volume: int
    reverb: int
    vibrato: int


@dataclass(frozen=True, slots=True)
class Performance:
    """What a synthesizer plays; `seconds` includes a short tail after the last note."""

    channels: tuple[Channel, ...]
    events: tuple[Event, ...]
    room: float
    damping: float
    level: float
    seconds: float


def perform(score: Score, random: Random) -> Performance:
    """Plays a score; equal states of `random` give equal performances."""
    room, damping, level, send = SPACES[score.space]
    channels, events = [], []
    for index, part in enumerate(score.parts):
        drums = part.role == "drums"
        number = PERCUSSION_CHANNEL if drums else index + (index >= PERCUSSION_CHANNEL)
        reverb = round(send * (0.5 if part.role in ("bass", "drums") else 1.0))
        player = part.instrument
        middle = (player.low + player.high) // 2
        vibrato = random.randint(12, 40) if player.family in VIBRATO and "lead" in part.role else 0
        channels.append(Channel(number, player.program, middle, VOLUMES[part.role], reverb, vibrato))
        events += _played(score, part, number, random)
    events.sort(key=lambda event: (event.start, event.channel, event.pitch))
    return Performance(
        tuple(channels), tuple(events), room, damping, level, score.seconds(score.length) + TAIL_SECONDS
    )


def _played(score: Score, part: Part, channel: int, random: Random) -> list[Event]:
    style = score.style
    # Players lean ahead or behind together; each onset then strays a little.
    lean = random.gauss(0.0, style.timing / 2)
    found: list[Event] = []
    stray, at, voice, strum = 0.0, -1.0, 0, 0.0
    strummed = part.role == "chords" and part.instrument.family == "guitar" and style.timing > 0
    for note in sorted(part.notes, key=lambda n: (n.start, n.pitch)):
        if note.start != at:
            stray, at, voice, strum = (
                random.gauss(0.0, style.timing),
                note.start,
                0,
                random.uniform(0.005, 0.014),
            )
        if strummed:
            spread = strum * voice
        else:
            spread = random.uniform(0, style.timing) if part.role in ("chords", "pad") else 0.0
        voice += 1
        start = max(0.0, score.seconds(_swung(note.start, score)) + lean + stray + spread)
        end = score.seconds(_swung(note.start + note.length, score)) + lean
        velocity = note.velocity * _level(score, note) + random.gauss(0.0, 2.5 if style.timing else 1.0)
        found.append(
            Event(start, max(end, start + 0.03), channel, note.pitch, max(12, min(127, round(velocity))))
        )
    return _separated(found)


def _swung(place: float, score: Score) -> float:
    """Moves the second of each pair of off-beats late by the style's swing."""
    unit = score.style.swing_unit
    pair = 2 * unit
    whole, inside = divmod(place, pair)
    middle = pair * score.style.swing
    if inside <= unit:
        return whole * pair + inside * middle / unit
    return whole * pair + middle + (inside - unit) * (pair - middle) / unit


def _level(score: Score, note: Note) -> float:
    index = max(0, bisect_right(score.dynamics, note.start, key=lambda entry: entry[0]) - 1)
    begin, level = score.dynamics[index]
    end = score.dynamics[index + 1][0] if index + 1 < len(score.dynamics) else score.length
    inside = (note.start - begin) / max(1, end - begin)
    # Phrases swell to two thirds and fall back.
    swell = 0.06 * (1 - abs(inside - 0.66) / 0.66)
    return level * (0.97 + swell)


def _separated(events: list[Event]) -> list[Event]:
    """Ends a note before the same pitch sounds again on its channel: a synthesizer would cut the new one."""
    following: dict[int, float] = {}
    kept = []
    for event in sorted(events, key=lambda e: e.start, reverse=True):
        limit = following.get(event.pitch)
        end = event.end if limit is None else min(event.end, limit - 0.004)
        following[event.pitch] = event.start
        if end > event.start:
            kept.append(Event(event.start, end, event.channel, event.pitch, event.velocity))
    return kept
