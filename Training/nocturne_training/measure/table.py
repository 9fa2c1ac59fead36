"""The measured figures as a table, for a terminal, for the model card and for programs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

Value = float | int | str | None

HEADINGS = ("figure", "generated", "real", "shuffled", "clips", "bar", "met")
_ABSENT = "–"


@dataclass(frozen=True, slots=True)
class Row:
    """One figure of generated clips, the same of real held-out clips and of a control that is wrong on
    purpose, over how many clips; `bar` is what is wanted of it and `met` whether it is so. `form` prints the
    numbers, as in `format`."""

    name: str
    generated: Value = None
    real: Value = None
    shuffled: Value = None
    clips: int | None = None
    bar: str = ""
    met: bool | None = None
    form: str = ".3f"

    def cells(self) -> list[str]:
        """The row as it is read."""
        values = [self._cell(value) for value in (self.generated, self.real, self.shuffled)]
        met = "" if self.met is None else "yes" if self.met else "no"
        return [self.name, *values, _ABSENT if self.clips is None else str(self.clips), self.bar, met]

    def _cell(self, value: Value) -> str:
        if value is None:
            return _ABSENT
        return format(value, self.form) if isinstance(value, float) else str(value)


def plain(rows: Sequence[Row]) -> str:
    """For a terminal, columns aligned."""
    lines = [list(HEADINGS), *(row.cells() for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADINGS))]
    padded = [
        [
            cell.ljust(width) if not 0 < column < 5 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ]
        for line in lines
    ]
    return "\n".join("  ".join(line).rstrip() for line in padded) + "\n"


def markdown(rows: Sequence[Row], model: str) -> str:
    """For the model card, which so says of which weights it speaks: `model` is their fingerprint."""
    lines = [list(HEADINGS), ["---", *["---:"] * 4, "---", "---"], *(row.cells() for row in rows)]
    table = "".join(f"| {' | '.join(line)} |\n" for line in lines)
    return f"Model `{model[:12]}`:\n\n{table}"


def records(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """For programs: numbers as measured."""
    return [{key: value for key, value in asdict(row).items() if key != "form"} for row in rows]


def verdict(rows: Sequence[Row]) -> str:
    """How many bars are met, and which are not."""
    judged = [row for row in rows if row.met is not None]
    missed = [row.name for row in judged if not row.met]
    line = f"{len(judged) - len(missed)} of {len(judged)} bars met"
    return line + (f"; missed: {'; '.join(missed)}" if missed else "")
