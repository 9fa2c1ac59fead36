"""Captions of compositions that no corpus holds."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from test_mulan import external, place

from nocturne_training.config import load
from nocturne_training.models.mulan_text import MulanText
from nocturne_training.stages import composed as module
from nocturne_training.stages import reading
from nocturne_training.stages.composed import Part, composed, read
from nocturne_training.stages.reading import Reader
from nocturne_training.stages.requests import LEFT_OPEN, STATED


def test_captions_are_of_compositions_of_their_own_and_state_something() -> None:
    found, again, other = composed(Part(40, "a")), composed(Part(40, "a")), composed(Part(40, "b"))
    assert found == again and len(found) == 40
    assert len({text for text, _ in found}) == 40 and not {t for t, _ in found} & {t for t, _ in other}
    assert all(max(row) > LEFT_OPEN for _, row in found)
    families = {row[0] for _, row in found}
    assert len(families) >= 6 and {row[1] for _, row in found} == {LEFT_OPEN, 0, 1}
    assert any(row[-1] > LEFT_OPEN for _, row in found)


def test_they_are_read_by_parts_and_those_that_state_nothing_of_what_is_told_left_out(
    tones: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PART", 8)
    reader = Reader(place(tones, tmp_path, load("tiny")))
    tower = MulanText(load("tiny").mulan).eval()
    known = composed(Part(8, "reading/0")) + composed(Part(4, "reading/1"))
    all_read, drums = (read(12, reader, tower, told) for told in (STATED, ["drums"]))
    assert all_read.stated.tolist() == [list(row) for _, row in known]
    ids, mask = reader.words.ids([known[9][0]])
    with torch.no_grad():
        alone = tower.bert(ids, mask)[0]
    assert torch.allclose(all_read.states[9], alone, atol=1e-5)
    kept = [number for number, (_, row) in enumerate(known) if row[1] > LEFT_OPEN]
    assert 0 < len(kept) < 12 and torch.equal(drums.states, all_read.states[kept])
    others = [LEFT_OPEN] * (len(STATED) - 2)
    assert drums.stated.tolist() == [[LEFT_OPEN, known[number][1][1], *others] for number in kept]
    assert not (tmp_path / "captions").exists()


def test_an_encoder_that_a_package_carries_reads_them_once(
    tones: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config, _ = external(tmp_path, monkeypatch)
    reader, tower = Reader(place(tones, tmp_path, config)), MulanText(config.mulan)
    first = read(6, reader, tower, STATED)
    assert first.states.shape == (6, config.mulan.bert.dim)
    with monkeypatch.context() as patch:
        patch.setattr(reading, "external_tensors", lambda _: pytest.fail("read again"))
        patch.setattr(module.pool, "run", lambda parts, *_: pytest.fail("written again") if parts else ())
        again = read(6, Reader(place(tones, tmp_path, config)), tower, STATED)
        assert torch.equal(again.states, first.states) and torch.equal(again.stated, first.stated)
        with pytest.raises(pytest.fail.Exception, match="written again"):
            read(5, Reader(place(tones, tmp_path, config)), tower, STATED)
    # Captions that are written otherwise are others.
    written = module.written
    monkeypatch.setattr(module, "written", lambda *a: (lambda r: r and (r[0] + "!", r[1]))(written(*a)))
    new = read(6, Reader(place(tones, tmp_path, config)), tower, STATED)
    assert not torch.equal(new.states, first.states)
    assert len(list((tmp_path / "captions").iterdir())) == 2
