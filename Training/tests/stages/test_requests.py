"""What captions ask for, and captions written anew."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from random import Random
from types import SimpleNamespace

import pytest
import torch
from listening import labelled_context
from test_lmtuned import TUNED, draws

from nocturne_training.corpus.captions.writer import captions
from nocturne_training.corpus.dataset import Caption, Clip
from nocturne_training.measure.captions import asked
from nocturne_training.stages.context import Context
from nocturne_training.stages.labels import CHOICES
from nocturne_training.stages.lmtuned import LmTunedTask
from nocturne_training.stages.requests import SIZES, STATED, describable, requests, untold, wanted, written
from nocturne_training.trainer.settings import Settings

LABELS = {
    "lead": "flute",
    "lead_family": "flute",
    "instruments": ["flute", "drawbar organ", "synth bass", "standard kit"],
    "families": ["organ", "bass", "flute", "drums"],
    "roles": {"lead": "flute", "chords": "drawbar organ", "bass": "synth bass", "drums": "standard kit"},
    "style": "reggae",
    "bpm": 77,
    "tempo": "slow",
    "metre": "4/4",
    "key": "F",
    "mode": "dorian",
    "quality": "minor",
    "drums": True,
    "chord_manner": "block",
    "density": "sparse",
    "register": "high",
    "space": "room",
    "loudness": "quiet",
}
TRUE = [
    CHOICES["lead_family"].index("flute"),
    CHOICES["drums"].index(True),
    CHOICES["tempo"].index("slow"),
    CHOICES["style"].index("reggae"),
    CHOICES["quality"].index("minor"),
]


def test_written_captions_say_what_is_true_and_are_ever_new() -> None:
    found = [written(LABELS, Random(seed), STATED) for seed in range(60)]
    again = [written(LABELS, Random(seed), STATED) for seed in range(60)]
    assert found == again and None not in found
    counts: Counter[int] = Counter()
    for text, row in found:
        assert row == wanted(asked(text, LABELS), STATED) and max(row) >= 0
        assert all(choice in (-1, true) for choice, true in zip(row, TRUE, strict=True))
        counts[sum(choice >= 0 for choice in row)] += 1
    assert len({text for text, _ in found}) == 60
    assert counts.keys() <= {1, 2, 3, 4, 5} and counts[4] + counts[5] >= 12 and counts[5]
    style = list(STATED).index("style")
    assert {row[style] >= 0 for _, row in found} == {True, False}


def test_held_out_phrasing_is_neither_written_nor_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    asked_to: list[bool] = []

    def noted(labels: dict, random: Random, *, heldout: bool) -> list[dict]:
        asked_to.append(heldout)
        return captions(labels, random, heldout=heldout)

    monkeypatch.setattr("nocturne_training.stages.requests.captions", noted)
    assert written(LABELS, Random(1), STATED) and not any(asked_to)
    texts = [Caption("A slow flute.", "sentences", held) for held in (True, False, True)]
    clip = Clip("a", Path("a.flac"), tuple(texts), LABELS, 10.0)
    for heldout, numbers in ((False, [1]), (True, [0, 1, 2])):
        (found,) = requests([clip], heldout=heldout, told=STATED).values()
        assert [one.caption for one in found] == numbers


def test_the_mode_is_asked_for() -> None:
    minor = wanted(asked("A slow flute melody in F minor.", LABELS | {"mode": "minor"}), STATED)
    assert minor[list(STATED).index("quality")] == CHOICES["quality"].index("minor")
    assert wanted(asked("A slow flute melody.", LABELS), STATED)[list(STATED).index("quality")] == -1


def test_the_mode_is_left_open_where_tokens_do_not_name_it(
    tunable: Path, tones: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def rows() -> list[tuple[int, ...]]:
        context = labelled_context(tunable, tones, Settings(lmtuned=replace(TUNED, written=True)))
        clips = [replace(c, labels=LABELS) for c in context.corpus.split("train")]
        told = "A slow flute in F dorian."
        clips = [replace(c, captions=(replace(c.captions[0], text=told),)) for c in clips]
        vars(context)["corpus"] = SimpleNamespace(split=lambda _: clips)
        trained = LmTunedTask(context)
        batch = trained.batch(draws(*range(8)))
        assert {one.wanted for some in trained.held_out_requests.values() for one in some} == {
            one.wanted for some in trained.requests.values() for one in some
        }
        return [tuple(row) for row in (*batch.wanted.tolist(), *batch.stated.tolist())]

    assert {row[-1] for row in rows()} == {-1}
    monkeypatch.setattr(Context, "tells_mode", True)
    assert {row[-1] for row in rows()} == {-1, TRUE[-1]}


def test_captions_are_written_for_clips_that_labels_describe_whole(tunable: Path, tones: Path) -> None:
    clip = labelled_context(tunable, tones, Settings()).corpus.split("train")[0]
    assert not describable(clip)
    assert describable(replace(clip, labels=LABELS))
    assert not describable(replace(clip, labels={key: LABELS[key] for key in LABELS if key != "roles"}))
    assert not describable(replace(clip, labels=None))


def test_a_batch_asks_by_captions_written_anew(tunable: Path, tones: Path) -> None:
    context = labelled_context(tunable, tones, Settings(lmtuned=replace(TUNED, written=True, asked=1)))
    clips = {split: list(context.corpus.split(split)) for split in ("train", "valid")}
    texts = [replace(clips["train"][0].captions[0], text="A slow flute.")]
    clips["train"] = [replace(clip, labels=LABELS, captions=tuple(texts)) for clip in clips["train"]]
    clips["train"][2] = replace(clips["train"][2], labels={**LABELS, "roles": None})
    del clips["train"][2].labels["roles"]
    vars(context)["corpus"] = SimpleNamespace(split=clips.__getitem__)
    trained = LmTunedTask(context)
    assert trained.places == list(range(8)) and sorted(trained.writing) == [0, 1, 3, 4, 5, 6, 7]
    first, again = (trained.batch(draws(1, 2, 4)) for _ in range(2))
    assert torch.equal(first[1], again[1]) and torch.equal(first[2], again[2])
    codes, rows = first.asked, first.wanted
    # Where nothing can be written, the clip's own caption asks.
    assert torch.equal(codes[1], trained.clips.text_codes(2)[0])
    assert tuple(rows[1].tolist()) == trained.requests[2][0].wanted
    seen: list[str] = []
    trained.reader.read = lambda texts, tower: (
        seen.extend(texts) or {text: torch.full((context.config.mulan.dim,), 0.1) for text in seen}
    )
    _, codes, rows, *_ = trained.batch(draws(1))
    assert tuple(rows[0].tolist()) == wanted(asked(seen[0], LABELS), trained.tellable)
    expected = trained.rvq.encode(torch.full((1, context.config.mulan.dim), 0.1))
    assert torch.equal(codes, expected.to(codes))


def test_captions_are_those_of_the_clips_where_none_are_asked_for(tunable: Path, tones: Path) -> None:
    context = labelled_context(tunable, tones, Settings(lmtuned=TUNED))
    clips = [replace(clip, labels=LABELS) for clip in context.corpus.split("train")]
    clips = [replace(c, captions=(replace(c.captions[0], text="A slow flute."),)) for c in clips]
    vars(context)["corpus"] = SimpleNamespace(split=lambda _: clips)
    trained = LmTunedTask(context)
    assert trained.places == list(range(8)) and not trained.writing


def test_what_is_left_open_teaches_nothing() -> None:
    told = [torch.randn(3, size, requires_grad=True) for size in SIZES]
    stated = torch.tensor([[2, -1, 1, 20, 0], [-1, -1, 0, -1, -1], [4, -1, -1, 7, 1]])
    expected = 0.0
    for logits, column in zip(told, stated.T.tolist(), strict=True):
        chosen = [
            float(-row.log_softmax(dim=0)[c].detach())
            for row, c in zip(logits, column, strict=True)
            if c >= 0
        ]
        expected += sum(chosen) / max(1, len(chosen))
    value = untold(told, stated)
    value.backward()
    assert float(value.detach()) == pytest.approx(expected, rel=1e-5)
    assert not told[1].grad.any() and not told[0].grad[1].any() and told[0].grad[0].any()
