"""Captions that nobody wrote for this corpus: 100 of MusicCaps with the family each asks for.

`musiccaps.csv` holds the ids: of the balanced subset, captions without voices that name instruments of one
family only, or give the melody to one; read by eye, without those that are about tuning, noises or
instruments that the corpus lacks; and of the many guitars as many as make a third of the list.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from ..corpus.dataset import CorpusError

LIST = Path(__file__).with_name("musiccaps.csv")


@dataclass(frozen=True, slots=True)
class Foreign:
    """A caption of MusicCaps and the family of instruments it asks for."""

    id: str
    caption: str
    family: str


def listed() -> dict[str, str]:
    """The ids and their families."""
    with LIST.open(encoding="utf-8", newline="") as file:
        return {row["ytid"]: row["family"] for row in csv.DictReader(file)}


def foreign(path: Path, count: int) -> list[Foreign]:
    """The first `count` of the list, evenly over it, with their captions from MusicCaps' own CSV file.
    Raises CorpusError where the file is not MusicCaps."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            captions = {row["ytid"]: row["caption"] for row in csv.DictReader(file)}
    except (OSError, KeyError, UnicodeDecodeError) as error:
        raise CorpusError(f"{path}: not MusicCaps' CSV file ({error})") from None
    found = list(listed().items())
    missing = [ytid for ytid, _ in found if ytid not in captions]
    if missing:
        raise CorpusError(f"{path}: lacks {len(missing)} of the {len(found)} captions, first {missing[0]}")
    places = range(min(count, len(found)))
    picked = [found[place * len(found) // len(places)] for place in places]
    return [Foreign(ytid, captions[ytid], family) for ytid, family in picked]
