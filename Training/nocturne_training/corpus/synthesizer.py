"""Rendering a performance with FluidSynth: 24 kHz mono float."""

from __future__ import annotations

import ctypes
from functools import lru_cache
from types import ModuleType
from typing import Any

import numpy as np

from .dataset import SAMPLE_RATE, CorpusError
from .music.performance import PERCUSSION_CHANNEL, Performance
from .soundfonts import Soundfont

# FluidSynth computes in blocks of this many samples, and notes begin at their edges.
BLOCK = 64
PERCUSSION_BANK = 128
VOLUME, REVERB_SEND, CHORUS_SEND = 7, 91, 93


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


class Synthesizer:
    """Renders performances with one soundfont.

    Each piece gets a fresh synthesizer, so that none hears the reverb or the voices of another; a second one
    stays open only to keep the samples in memory.
    """

    def __init__(self, soundfont: Soundfont) -> None:
        self.soundfont = soundfont
        self._holder, _ = self._open()

    def render(self, performance: Performance) -> np.ndarray:
        """float32 [seconds * 24000, to whole blocks], the mean of left and right, not normalised."""
        synth, font = self._open()
        try:
            self._set_up(synth, font, performance)
            blocks = round(performance.seconds * SAMPLE_RATE / BLOCK)
            stereo = np.zeros((2, blocks * BLOCK), np.float32)
            self._play(synth, performance, stereo)
        finally:
            synth.delete()
        return stereo.mean(axis=0)

    def _open(self) -> tuple[Any, int]:
        library = _library()
        synth = library.Synth(gain=0.4, samplerate=float(SAMPLE_RATE), channels=16, **{"synth.cpu-cores": 1})
        font = synth.sfload(str(self.soundfont.path))
        if font < 0:
            synth.delete()
            raise CorpusError(f"{self.soundfont.path}: FluidSynth cannot read it: give a SoundFont 2 file")
        return synth, font

    def _set_up(self, synth: Any, font: int, performance: Performance) -> None:
        synth.set_reverb(performance.room, performance.damping, 0.6, performance.level)
        for channel in performance.channels:
            bank = PERCUSSION_BANK if channel.number == PERCUSSION_CHANNEL else 0
            if synth.program_select(channel.number, font, bank, channel.program) < 0:
                raise CorpusError(
                    f"{self.soundfont.path}: no program {channel.program} in bank {bank}: "
                    "use a General MIDI soundfont"
                )
            synth.cc(channel.number, VOLUME, channel.volume)
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
