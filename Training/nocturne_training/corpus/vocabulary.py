"""The label classes of a made corpus, in a fixed order, for probes and reports.

A label record holds: `lead`, `lead_family`, `instruments` (lead first), `families`, `roles` (role to
instrument), `style`, `bpm`, `tempo` (TEMPOS), `metre`, `key` (KEYS), `mode` (MODES), `quality` (QUALITIES,
by the third of the mode), `drums` (bool), `chord_manner` (CHORD_MANNERS or None), `density` (DENSITIES) and
`onsets_per_second`, `register` (REGISTERS) and `mean_pitch` (MIDI number) of the melody, `space` (SPACES),
`loudness` (LOUDNESSES) and `loudness_db` (RMS in dB of full scale), `composition` (the seed of the piece).
"""

from __future__ import annotations

from typing import Final

FAMILIES: Final = (
    "piano",
    "mallets",
    "organ",
    "accordion",
    "guitar",
    "bass",
    "strings",
    "plucked",
    "brass",
    "reed",
    "flute",
    "synth lead",
    "synth pad",
    "drums",
)
STYLES: Final = (
    "ambient",
    "ballad",
    "baroque",
    "blues",
    "bossa nova",
    "chiptune",
    "cinematic",
    "country",
    "disco",
    "folk dance",
    "funk",
    "hymn",
    "lo-fi hip hop",
    "lullaby",
    "march",
    "reggae",
    "rock",
    "swing",
    "synthwave",
    "tango",
    "techno",
    "waltz",
)
MODES: Final = ("major", "minor", "dorian", "mixolydian", "lydian", "phrygian")
QUALITIES: Final = ("major", "minor")
KEYS: Final = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
TEMPOS: Final = ("slow", "medium", "fast")
DENSITIES: Final = ("sparse", "moderate", "dense")
REGISTERS: Final = ("low", "middle", "high")
CHORD_MANNERS: Final = ("arpeggiated", "block")
SPACES: Final = ("dry", "room", "hall")
LOUDNESSES: Final = ("quiet", "moderate", "loud")


def quality(mode: str) -> str:
    """Major or minor, by the third above the tonic."""
    return "major" if mode in ("major", "mixolydian", "lydian") else "minor"


def tempo(bpm: float) -> str:
    """Slow below 90 bpm, fast above 130."""
    return TEMPOS[(bpm >= 90) + (bpm > 130)]


def density(onsets_per_second: float) -> str:
    """Of the pitched parts together, notes at one time counted once: sparse below 2.8, dense above 4.2."""
    return DENSITIES[(onsets_per_second >= 2.8) + (onsets_per_second > 4.2)]


def register(mean_pitch: float) -> str:
    """Of the melody: low below the E over middle C (64), high above the next C sharp (73)."""
    return REGISTERS[(mean_pitch >= 64) + (mean_pitch > 73)]


def loudness(decibels: float) -> str:
    """Quiet below -26 dB RMS, loud above -21."""
    return LOUDNESSES[(decibels >= -26) + (decibels > -21)]
