"""Finding General MIDI soundfonts: by name (`fluid`, `timgm6mb`) or by path."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from .dataset import CorpusError

FOLDERS = (Path("/usr/share/sounds/sf2"), Path("/usr/share/soundfonts"))


@dataclass(frozen=True, slots=True)
class Known:
    """A soundfont that Debian packages."""

    file: str
    package: str
    licence: str


# The order is that of preference.
KNOWN = {
    "fluid": Known("FluidR3_GM.sf2", "fluid-soundfont-gm", "MIT"),
    "timgm6mb": Known("TimGM6mb.sf2", "timgm6mb-soundfont", "GPL-2"),
}


@dataclass(frozen=True, slots=True)
class Soundfont:
    """A soundfont file; `licence` is None for a file that the user names."""

    name: str
    path: Path
    licence: str | None

    def facts(self) -> dict[str, Any]:
        """What corpus.json says of it."""
        return {"name": self.name, "sha256": _sha256(self.path), "licence": self.licence}


def find(wanted: str | None = None) -> Soundfont:
    """The soundfont of that name or path; without one, the first of KNOWN that is installed.

    Raises CorpusError, naming the Debian package, where it is missing.
    """
    for name in [wanted] if wanted in KNOWN else list(KNOWN) if wanted is None else []:
        known = KNOWN[name]
        for folder in FOLDERS:
            if (folder / known.file).is_file():
                return Soundfont(name, folder / known.file, known.licence)
    if wanted is None:
        packages = " or ".join(known.package for known in KNOWN.values())
        raise CorpusError(f"no soundfont found in {FOLDERS[0]}: install the Debian package {packages}")
    if wanted in KNOWN:
        raise CorpusError(
            f"soundfont {wanted} is missing: install the Debian package {KNOWN[wanted].package}"
        )
    path = Path(wanted)
    if not path.is_file():
        raise CorpusError(f"{path}: no such soundfont: give a .sf2 file or one of {', '.join(KNOWN)}")
    return Soundfont(path.stem, path.resolve(), None)


@lru_cache
def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
