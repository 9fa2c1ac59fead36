"""General MIDI instruments: program, family, comfortable range and names, from instruments.toml."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Instrument:
    """An instrument as composed for; `low` and `high` are MIDI numbers, both playable."""

    name: str
    family: str
    program: int
    names: tuple[str, ...]
    low: int = 0
    high: int = 127
    decays: bool = False
    pads: bool = False


def _load() -> dict[str, Instrument]:
    table = tomllib.loads(Path(__file__).with_name("instruments.toml").read_text())
    found = {}
    for family, members in table.items():
        for name, facts in members.items():
            low, high = facts.pop("range", (0, 127))
            names = tuple(facts.pop("names"))
            found[name] = Instrument(name, family, names=names, low=low, high=high, **facts)
    return found


INSTRUMENTS = _load()
