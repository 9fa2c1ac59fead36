"""Which figures a measurement has."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from nocturne_training.corpus.dataset import Caption, Clip
from nocturne_training.measure import measurement
from nocturne_training.measure.captions import Request, Traits
from nocturne_training.measure.embeddings import Embedded
from nocturne_training.measure.measurement import Measurement, Plan
from nocturne_training.measure.renders import Setting

TRAITS = Traits("strings", True, "slow", "major", "waltz")


class Encoders:
    """Towers for which every clip is what its caption says."""

    def __init__(self, model: Path) -> None:
        self.model = model

    def hear(self, clips: Iterable[np.ndarray]) -> Embedded:
        vectors = np.eye(2)[: len(list(clips))]
        return Embedded(tokenizer=vectors, mulan=vectors)

    def read(self, texts: Iterable[str]) -> np.ndarray:
        return np.eye(2)[: len(list(texts))]


class Renderer:
    """Renders nothing, and remembers what it was asked for."""

    model = out = Path("here")

    def __init__(self) -> None:
        self.asked: list[tuple[str, Setting]] = []

    def render(self, name: str, captions: dict[str, str], setting: Setting) -> SimpleNamespace:
        self.asked.append((name, setting))
        return SimpleNamespace(audio=lambda ids: iter([np.zeros(1)] * len(ids)))


@pytest.fixture
def requests(monkeypatch: pytest.MonkeyPatch) -> list[Request]:
    """Two captions, of clips that the judges hear right."""

    def clip(name: str) -> Clip:
        return SimpleNamespace(id=name, labels={"composition": name}, audio=lambda: np.zeros(1))

    found = [Request(clip(name), Caption(f"caption {name}", "tags", False), TRAITS) for name in "ab"]
    judges = SimpleNamespace(judge=lambda heard: [TRAITS] * len(heard))

    def hear(clips: Iterator[np.ndarray]) -> list[np.ndarray]:
        return list(clips)

    for name, value in (("Encoders", Encoders), ("chosen", lambda *_: found), ("hear", hear)):
        monkeypatch.setattr(measurement, name, value)
    monkeypatch.setattr(measurement, "probes", lambda *_: judges)
    return found


def test_control_alone_renders_one_setting_and_has_the_cycle(requests: list[Request]) -> None:
    corpus, renderer = SimpleNamespace(split=lambda _: []), Renderer()
    plan = replace(Plan(settings=[Setting(5, seed=3)]), control=True)
    found = Measurement(corpus, renderer, plan, None, lambda _: None)()
    assert renderer.asked == [("test", Setting(5, seed=3))]
    names = [row.name for row in found.rows]
    assert sum(name.startswith("control: ") for name in names) == len(names) - 1 == 6
    assert names[-1] == "MuLan cycle consistency"
    by_name = {row.name: row for row in found.rows}
    assert by_name["control: major or minor"].generated == 1.0
    # Each is like its own caption, and not like the other's.
    cycle = by_name["MuLan cycle consistency"]
    assert (cycle.generated, cycle.real, cycle.shuffled) == (1.0, 1.0, 0.0)
    assert [clip["id"] for clip in found.clips] == ["a", "b"]
