"""How often clips are what their captions ask for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from .captions import ATTRIBUTES, Traits
from .table import Row

NAMES: Final = {
    "family": "family of the lead instrument",
    "drums": "drums or none",
    "tempo": "slow, medium or fast",
    "quality": "major or minor",
    "style": "style",
}
BARS: Final = {"family": 0.80, "drums": 0.95, "tempo": 0.80, "quality": 0.70}
"""The style has none: nobody asked for one."""
LEAST_PROBE: Final = 0.85
"""A probe that knows real clips less often than this judges nothing."""


def agreement(asked: Sequence[Traits], heard: Sequence[Traits], name: str) -> float | None:
    """Share of the clips whose caption states an attribute where it is heard so; None where none does."""
    judged = [
        getattr(one, name) == getattr(other, name)
        for one, other in zip(asked, heard, strict=True)
        if getattr(one, name) is not None
    ]
    return sum(judged) / len(judged) if judged else None


def stated(asked: Sequence[Traits], name: str) -> int:
    """How many state it."""
    return sum(getattr(one, name) is not None for one in asked)


def control_rows(
    asked: Sequence[Traits], generated: Sequence[Traits], real: Sequence[Traits], others: Sequence[int]
) -> list[Row]:
    """One row an attribute; the control asks of each clip what another clip's caption states."""
    elsewhere = [asked[place] for place in others]
    rows = []
    for name in ATTRIBUTES:
        found = agreement(asked, generated, name)
        least = BARS.get(name)
        met = None if found is None or least is None else found >= least
        of_real, control = agreement(asked, real, name), agreement(elsewhere, generated, name)
        title, bar = f"control: {NAMES[name]}", "" if least is None else f"at least {least:.0%}"
        rows.append(Row(title, found, of_real, control, stated(asked, name), bar, met, ".1%"))
    return rows


def phrasing_row(
    heldout: Sequence[bool], asked: Sequence[Traits], generated: Sequence[Traits], real: Sequence[Traits]
) -> Row:
    """The family alone, over captions of held-out phrasing: whether wording or words are understood."""
    kept = [place for place, held in enumerate(heldout) if held]
    asked, generated, real = ([traits[place] for place in kept] for traits in (asked, generated, real))
    title, count = f"control: {NAMES['family']}, new phrasing", stated(asked, "family")
    found, of_real = agreement(asked, generated, "family"), agreement(asked, real, "family")
    return Row(title, found, of_real, None, count, form=".1%")


def probe_rows(
    true: Sequence[Traits], real: Sequence[Traits], decoded: Sequence[Traits], others: Sequence[int]
) -> list[Row]:
    """How well the judges judge real held-out clips, by their labels, and the same clips through the VAE."""
    elsewhere = [true[place] for place in others]
    rows = []
    for name in ATTRIBUTES:
        known, chance = agreement(true, real, name), agreement(elsewhere, real, name)
        count, judged = stated(true, name), name in BARS
        met = known is not None and known >= LEAST_PROBE if judged else None
        bar = f"at least {LEAST_PROBE:.0%}" if judged else ""
        rows.append(Row(f"judge: {NAMES[name]}", None, known, chance, count, bar, met, ".1%"))
        through = agreement(true, decoded, name)
        rows.append(Row(f"judge through the VAE: {NAMES[name]}", None, through, None, count, form=".1%"))
    return rows


def retold_rows(true: Sequence[Traits], retold: Sequence[Traits], decoded: Sequence[Traits]) -> list[Row]:
    """What is left of training clips, by their labels, in what is made of their own tokens; beside it what is
    left of them through the VAE alone. The control asks for another clip's labels."""
    shift = len(true) // 2
    elsewhere = [*true[shift:], *true[:shift]]
    return [
        Row(
            f"own tokens of training clips: {NAMES[name]}",
            agreement(true, retold, name),
            agreement(true, decoded, name),
            agreement(elsewhere, retold, name),
            stated(true, name),
            form=".1%",
        )
        for name in ATTRIBUTES
    ]
