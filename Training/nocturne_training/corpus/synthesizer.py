"""Rendering a performance with FluidSynth: 24 kHz mono float."""

from __future__ import annotations

import ctypes
import math
from functools import lru_cache
from types import ModuleType
from typing import Any

import numpy as np

from .dataset import SAMPLE_RATE, CorpusError
from .music.performance import PERCUSSION_CHANNEL, Channel, Event, Performance
from .soundfonts import Soundfont

# FluidSynth computes in blocks of this many samples, and notes begin at their edges.
BLOCK = 64
PERCUSSION_BANK = 128
VIBRATO, VOLUME, REVERB_SEND, CHORUS_SEND = 1, 7, 91, 93
# Programs of one soundfont differ by 20 dB at one velocity: each is brought towards this level, as far as a
# lift or cut of these decibels goes.
LEVEL_DB, LIFT_DB, CUT_DB = -25.0, 9.0, 6.0
INAUDIBLE_DB = -54.0


@lru_cache
def _library() -> ModuleType:
    try:
        import fluidsynth
    except ImportError:
        raise CorpusError("libfluidsynth is missing: install the Debian package libfluidsynth3") from None
    return fluidsynth


@lru_cache
def _write_float() -> Any:
    pointer, number = ctypes.c_void_p, ctypes.c_int
    return _library().cfunc(
        "fluid_synth_write_float",
        number,
        *[("synth", pointer, 1), ("count", number, 1)],
        *[("left", pointer, 1), ("left_offset", number, 1), ("left_step", number, 1)],
        *[("right", pointer, 1), ("right_offset", number, 1), ("right_step", number, 1)],
    )


@lru_cache
def version() -> str:
    """The version of libfluidsynth; its samples may differ between versions."""
    text = _library().cfunc("fluid_version_str", ctypes.c_char_p)
    return text().decode()


class Inaudible(Exception):
    """A soundfont is silent where a piece needs sound."""


class Synthesizer:
    """Renders performances with one soundfont.

    Each piece gets a fresh synthesizer, so that none hears the reverb or the voices of another; a second one
    stays open only to keep the samples in memory.
    """

    def __init__(self, soundfont: Soundfont) -> None:
        self.soundfont = soundfont
        self._holder, _ = self._open()
        self._levels: dict[tuple[int, int], float] = {}

    def render(self, performance: Performance) -> np.ndarray:
        """float32 [seconds * 24000, to whole blocks], the mean of left and right, not normalised.

        Raises Inaudible where the soundfont has no sound for one of the programs.
        """
        return self._render(performance, {c.number: self._trim(c) for c in performance.channels})

    def level(self, program: int, middle: int) -> float:
        """Loudness in dB of the loudest quarter second of a note at the same velocity for all programs."""
        if (program, middle) not in self._levels:
            channel = Channel(0, program, middle, 100, 0, 0)
            note = Event(0.0, 0.8, 0, middle, 90)
            audio = self._render(Performance((channel,), (note,), 0.2, 0.6, 0.0, 1.0), {0: 0.0})
            quarters = audio[: len(audio) // 8 * 8].reshape(8, -1)
            power = (
                np.square(quarters[:-1], dtype=np.float64) + np.square(quarters[1:], dtype=np.float64)
            ).mean(axis=1) / 2
            self._levels[program, middle] = 10 * math.log10(max(1e-12, float(power.max())))
        return self._levels[program, middle]

    def _trim(self, channel: Channel) -> float:
        """Decibels that bring a channel's program to the common level."""
        if channel.number == PERCUSSION_CHANNEL:
            return 0.0
        level = self.level(channel.program, channel.middle)
        if level < INAUDIBLE_DB:
            raise Inaudible(
                f"{self.soundfont.path}: program {channel.program} is silent at pitch {channel.middle}"
            )
        return max(-CUT_DB, min(LIFT_DB, LEVEL_DB - level))

    def _render(self, performance: Performance, trims: dict[int, float]) -> np.ndarray:
        synth, font = self._open()
        try:
            self._set_up(synth, font, performance, trims)
            blocks = round(performance.seconds * SAMPLE_RATE / BLOCK)
            stereo = np.zeros((2, blocks * BLOCK), np.float32)
            self._play(synth, performance, stereo)
        finally:
            synth.delete()
        return stereo.mean(axis=0)

    def _open(self) -> tuple[Any, int]:
        library = _library()
        synth = library.Synth(gain=0.8, samplerate=float(SAMPLE_RATE), channels=16, **{"synth.cpu-cores": 1})
        font = synth.sfload(str(self.soundfont.path))
        if font < 0:
            synth.delete()
            raise CorpusError(f"{self.soundfont.path}: FluidSynth cannot read it: give a SoundFont 2 file")
        return synth, font

    def _set_up(self, synth: Any, font: int, performance: Performance, trims: dict[int, float]) -> None:
        synth.set_reverb(performance.room, performance.damping, 0.6, performance.level)
        for channel in performance.channels:
            bank = PERCUSSION_BANK if channel.number == PERCUSSION_CHANNEL else 0
            if synth.program_select(channel.number, font, bank, channel.program) < 0:
                raise CorpusError(
                    f"{self.soundfont.path}: no program {channel.program} in bank {bank}: "
                    "use a General MIDI soundfont"
                )
            # Controller 7 acts by its square.
            volume = channel.volume * 10 ** (trims[channel.number] / 40)
            synth.cc(channel.number, VOLUME, min(127, round(volume)))
            synth.cc(channel.number, VIBRATO, channel.vibrato)
            synth.cc(channel.number, REVERB_SEND, channel.reverb)
            synth.cc(channel.number, CHORUS_SEND, 0)

    @staticmethod
    def _play(synth: Any, performance: Performance, stereo: np.ndarray) -> None:
        write = _write_float()
        left, right = stereo[0].ctypes.data, stereo[1].ctypes.data
        # At one place notes end before others begin.
        changes = [(event.end, 0, event) for event in performance.events]
        changes += [(event.start, 1, event) for event in performance.events]
        done = 0
        for seconds, starts, event in sorted(changes, key=lambda change: change[:2]):
            place = min(round(seconds * SAMPLE_RATE / BLOCK) * BLOCK, stereo.shape[1])
            if place > done:
                write(synth.synth, place - done, left, done, 1, right, done, 1)
                done = place
            if starts:
                synth.noteon(event.channel, event.pitch, event.velocity)
            else:
                synth.noteoff(event.channel, event.pitch)
        if done < stereo.shape[1]:
            write(synth.synth, stereo.shape[1] - done, left, done, 1, right, done, 1)
