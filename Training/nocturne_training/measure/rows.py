"""Rows of all but control by caption: cycle consistency, Fréchet distances, the decoder, faults of sound."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from .embeddings import Embedded, Fidelity
from .frechet import frechet
from .renders import Setting
from .sound import Sound, Spread
from .table import Row

DECODER_BAR = 0.35
QUICK_SHARE = 1.25
"""The fewest steps may be this much farther from real audio than the most."""


def cycle_row(generated: np.ndarray, real: np.ndarray, texts: np.ndarray, others: Sequence[int]) -> Row:
    """Mean cosine of MuLan's audio and text towers; the control pairs generated clips with other captions."""
    own, of_real = _cosine(generated, texts), _cosine(real, texts)
    control = _cosine(generated, texts[list(others)])
    return Row(
        "MuLan cycle consistency", own, of_real, control, len(texts), "at least real's", own >= of_real
    )


def _cosine(audio: np.ndarray, texts: np.ndarray) -> float:
    return float((audio * texts).sum(axis=1).mean())


def frechet_rows(
    generated: Mapping[Setting, Embedded], real: Embedded, settings: Sequence[Setting]
) -> list[Row]:
    """Distances to `real` of each setting's clips, in both spaces; beside them that of its halves from each
    other, every other clip, which is the floor: halves of the same compositions, as generated clips and
    `real` are. A distance of whole sets knows no captions: it has no control."""
    rows = []
    for space in ("tokenizer", "mulan"):
        reference = getattr(real, space)
        floor = frechet(reference[::2], reference[1::2])
        found = {setting: frechet(getattr(generated[setting], space), reference) for setting in settings}
        linear = [setting for setting in settings if setting.schedule == "linear"]
        for setting in settings:
            bar, met = _wanted(setting, found, linear)
            count = len(getattr(generated[setting], space))
            name = f"Fréchet distance, {space}, {setting.schedule} T = {setting.steps}"
            rows.append(Row(name, found[setting], floor, None, count, bar, met))
    return rows


def _wanted(
    setting: Setting, found: Mapping[Setting, float], linear: Sequence[Setting]
) -> tuple[str, bool | None]:
    """The paper's ordering as a bar: more steps better, linear better than uniform, few steps near many."""
    if setting.schedule == "uniform":
        twin = replace(setting, schedule="linear")
        return ("above linear's", found[setting] > found[twin]) if twin in found else ("", None)
    fewer = [other for other in linear if other.steps < setting.steps]
    if fewer:
        nearest = max(fewer, key=lambda other: other.steps)
        return f"at most T = {nearest.steps}'s", found[setting] <= found[nearest]
    most = max(linear, key=lambda other: other.steps)
    if most == setting:
        return "", None
    bar = f"at most {QUICK_SHARE:g} times T = {most.steps}'s"
    return bar, found[setting] <= QUICK_SHARE * found[most]


def decoder_rows(own: Fidelity, shuffled: Fidelity, clips: int) -> list[Row]:
    """Encode and decode of real held-out clips; the control compares with another clip."""
    bar = f"at most {DECODER_BAR}"
    met = own.log_mel <= DECODER_BAR
    return [
        Row("VAE alone: log-mel error, nepers", own.log_mel, 0.0, shuffled.log_mel, clips, bar, met),
        Row("VAE alone: SI-SDR, dB", own.si_sdr, None, shuffled.si_sdr, clips, form=".1f"),
    ]


def sound_rows(generated: Sequence[Sound], real: Sequence[Sound], corpus: Sequence[Sound]) -> list[Row]:
    """Faults, and the spread of peak and loudness, which must lie within what the corpus' clips have."""
    count = len(generated)
    rows = [
        Row(
            name,
            _count(generated, fault),
            _count(real, fault),
            None,
            count,
            "none",
            not _count(generated, fault),
        )
        for name, fault in (
            ("silent clips", "silent"),
            ("clipped clips", "clipped"),
            ("dead or non-finite clips", "damaged"),
        )
    ]
    for name, measure in (("peak, dB of full scale", "peak"), ("RMS, dB of full scale", "rms")):
        spread = Spread.of([getattr(sound, measure) for sound in generated])
        held = Spread.of([getattr(sound, measure) for sound in real])
        met = spread.within([getattr(sound, measure) for sound in corpus])
        rows.append(
            Row(f"{name}, 5th to 95th of 100", str(spread), str(held), None, count, "within the corpus'", met)
        )
    return rows


def _count(sounds: Sequence[Sound], fault: str) -> int:
    return sum(getattr(sound, fault) for sound in sounds)
