"""Captions of compositions that no corpus holds."""

from __future__ import annotations

from nocturne_training.stages.composed import composed
from nocturne_training.stages.requests import LEFT_OPEN, STATED


def test_captions_are_of_compositions_of_their_own_and_state_something() -> None:
    found, again, other = composed(40, "a", STATED), composed(40, "a", STATED), composed(40, "b", STATED)
    assert found == again and len(found) == 40
    assert len({text for text, _ in found}) == 40 and not {t for t, _ in found} & {t for t, _ in other}
    assert all(max(row) > LEFT_OPEN for _, row in found)
    families = {row[0] for _, row in found}
    assert len(families) >= 6 and {row[1] for _, row in found} == {LEFT_OPEN, 0, 1}
    assert any(row[-1] > LEFT_OPEN for _, row in found)
    assert {row[-1] for _, row in composed(40, "a", ("family", "drums", "tempo"))} == {LEFT_OPEN}
