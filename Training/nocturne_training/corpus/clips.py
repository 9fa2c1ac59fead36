"""A composition's clips: rendered, levelled and cut, each with the labels of what sounds in it."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from random import Random
from typing import Any

import numpy as np

from . import vocabulary
from .dataset import CLIP_SAMPLES, CLIP_SECONDS, SAMPLE_RATE, CorpusError
from .music.composer import compose
from .music.performance import Performance, perform
from .music.score import Part, Score
from .synthesizer import Inaudible, Synthesizer

PEAK = 10 ** (-1 / 20)
SILENT_DB = -50.0
# A part is named only where it sounds at least this long in the clip (drums: this many hits).
AUDIBLE_SECONDS = 0.8
AUDIBLE_HITS = 4
ATTEMPTS = 20


@dataclass(frozen=True, slots=True)
class Composition:
    """A piece with the places of its clips, in samples."""

    score: Score
    performance: Performance
    starts: tuple[int, ...]


def composition(seed: str, clips: int) -> Composition:
    """Composes and performs; equal seeds give equal pieces. `clips` windows of 10 s do not overlap."""
    random = Random(f"{seed}/compose")
    score = compose(random, clips * CLIP_SECONDS + 1.0)
    performance = perform(score, Random(f"{seed}/perform"))
    # The melody sounds in the greater part of every clip.
    first = max(0.0, score.seconds(score.intro) - 3.0)
    spare = performance.seconds - first - clips * CLIP_SECONDS
    cuts = sorted(random.uniform(0.0, max(0.0, spare)) for _ in range(clips))
    starts = tuple(int((first + cut + index * CLIP_SECONDS) * SAMPLE_RATE) for index, cut in enumerate(cuts))
    return Composition(score, performance, starts)


def render(seed: str, clips: int, synthesizer: Synthesizer) -> list[tuple[np.ndarray, dict[str, Any]]]:
    """The clips of a composition: int16 [240000] and labels.

    A piece with a near-silent clip or one without a melody is given up for the next attempt of the same seed.
    """
    for attempt in range(ATTEMPTS):
        piece = composition(f"{seed}/{attempt}", clips)
        try:
            audio = _levelled(synthesizer.render(piece.performance), Random(f"{seed}/{attempt}/level"))
        except Inaudible:
            continue
        found = []
        for start in piece.starts:
            samples = np.round(audio[start : start + CLIP_SAMPLES] * 32767).astype(np.int16)
            loudness = decibels(samples.astype(np.float32) / 32768)
            described = labels(piece.score, piece.performance, start / SAMPLE_RATE)
            if len(samples) < CLIP_SAMPLES or loudness < SILENT_DB or described is None:
                break
            described["loudness"] = vocabulary.loudness(loudness)
            described["loudness_db"] = round(loudness, 1)
            described["composition"] = f"{seed}/{attempt}"
            found.append((samples, described))
        if len(found) == clips:
            return found
    raise CorpusError(f"composition {seed}: {ATTEMPTS} attempts were near-silent: is the soundfont complete?")


def decibels(audio: np.ndarray) -> float:
    """RMS of float samples in dB of full scale; -120 for digital silence."""
    power = float(np.mean(np.square(audio, dtype=np.float64))) if audio.size else 0.0
    return max(-120.0, 10 * math.log10(power)) if power > 0 else -120.0


def _levelled(audio: np.ndarray, random: Random) -> np.ndarray:
    """The piece at a natural loudness: half-way to a common level, and never above -1 dB of full scale."""
    wanted = 0.5 * decibels(audio) + 0.5 * random.gauss(-21.0, 6.0) + 1.0
    gain = 10 ** ((wanted - decibels(audio)) / 20)
    peak = float(np.abs(audio).max()) or 1.0
    return audio * min(gain, PEAK / peak)


def labels(score: Score, performance: Performance, start: float) -> dict[str, Any] | None:
    """Labels of the 10 s from `start` seconds, all but loudness; None where no melody sounds in them."""
    end = start + CLIP_SECONDS
    sounding: list[tuple[Part, float, list[int]]] = []
    for part, channel in zip(score.parts, performance.channels, strict=True):
        inside = [
            e for e in performance.events if e.channel == channel.number and start - 1 < e.start < end - 0.2
        ]
        inside = [e for e in inside if e.end > start + 0.1]
        seconds = sum(min(e.end, end) - max(e.start, start) for e in inside)
        enough = len(inside) >= AUDIBLE_HITS if part.role == "drums" else seconds >= AUDIBLE_SECONDS
        if enough:
            sounding.append((part, seconds, [e.pitch for e in inside]))
    melodies = [entry for entry in sounding if entry[0].role in ("lead", "second lead")]
    if not melodies or max(seconds for _, seconds, _ in melodies) < 2.0:
        return None
    lead, _, pitches = max(melodies, key=lambda entry: entry[1])
    players = [lead.instrument] + [part.instrument for part, _, _ in sounding if part is not lead]
    roles = {part.role: part.instrument.name for part, _, _ in sounding}
    rate = _strokes(_starts(score, performance, roles.keys() - {"drums"}, start)) / CLIP_SECONDS
    mean_pitch = sum(pitches) / len(pitches)
    return {
        "lead": lead.instrument.name,
        "lead_family": lead.instrument.family,
        "instruments": list(dict.fromkeys(player.name for player in players)),
        "families": sorted({player.family for player in players}, key=vocabulary.FAMILIES.index),
        "roles": roles,
        "style": score.style.name,
        "bpm": score.bpm,
        "tempo": vocabulary.tempo(score.bpm),
        "metre": score.style.metre,
        "key": vocabulary.KEYS[score.tonic],
        "mode": score.mode,
        "quality": vocabulary.quality(score.mode),
        "drums": "drums" in roles,
        "chord_manner": _chord_manner(score, performance, start),
        "density": vocabulary.density(rate),
        "onsets_per_second": round(rate, 2),
        "register": vocabulary.register(mean_pitch),
        "mean_pitch": round(mean_pitch, 1),
        "space": score.space,
    }


def _starts(score: Score, performance: Performance, roles: set[str], start: float) -> list[float]:
    """Onsets of the roles within the window, in seconds and order."""
    numbers = {
        c.number for part, c in zip(score.parts, performance.channels, strict=True) if part.role in roles
    }
    return sorted(
        e.start
        for e in performance.events
        if e.channel in numbers and start <= e.start < start + CLIP_SECONDS
    )


def _strokes(starts: list[float]) -> int:
    """Onsets, where notes within 60 ms are one."""
    return bool(starts) + sum(after - before > 0.06 for before, after in itertools.pairwise(starts))


def _chord_manner(score: Score, performance: Performance, start: float) -> str | None:
    """Whether the window's chords are mostly broken or mostly struck whole; None between and without them."""
    starts = _starts(score, performance, {"chords"}, start)
    if len(starts) < AUDIBLE_HITS:
        return None
    size = len(starts) / _strokes(starts)
    return "arpeggiated" if size < 1.5 else "block" if size > 2.4 else None
