"""Reading: crops, and corpora that changed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from nocturne_training.corpus import Corpus, CorpusError
from nocturne_training.corpus.__main__ import main


def test_a_crop_is_the_same_part_of_the_whole(small: Path) -> None:
    clip = Corpus.open(small).split("train")[0]
    whole = clip.audio()
    assert whole.dtype == np.float32 and whole.shape == (clip.samples,) == (240_000,)
    assert np.array_equal(clip.audio(12_345, 6_789), whole[12_345 : 12_345 + 6_789])
    assert np.array_equal(clip.audio(start=200_000), whole[200_000:])
    with pytest.raises(CorpusError, match="samples 239999 to 240001 of 240000"):
        clip.audio(239_999, 2)
    with pytest.raises(CorpusError, match="asked for"):
        clip.audio(-1, 2)


def test_captions_and_labels_arrive(small: Path) -> None:
    corpus = Corpus.open(str(small))
    clip = corpus.split("test")[0]
    assert [caption.kind for caption in clip.captions] == ["sentences", "sentences", "sentences", "tags"]
    assert [caption.heldout for caption in clip.captions] == [False, False, True, False]
    assert clip.labels and clip.labels["bpm"] > 0
    with pytest.raises(CorpusError, match="no split named 'dev'"):
        corpus.split("dev")


def changed(small: Path, out: Path, name: str, old: str, new: str) -> Path:
    shutil.copytree(small, out)
    text = (out / name).read_text()
    assert old in text
    (out / name).write_text(text.replace(old, new, 1))
    return out


def test_a_changed_corpus_is_refused(small: Path, tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"valid\.jsonl: changed since the corpus was made"):
        Corpus.open(changed(small, tmp_path / "a", "valid.jsonl", '"text": "', '"text": "Not '))
    sha256 = json.loads((small / "corpus.json").read_text())["digest"]
    with pytest.raises(CorpusError, match="digest does not match"):
        Corpus.open(changed(small, tmp_path / "b", "corpus.json", sha256, "0" * 64))
    with pytest.raises(CorpusError, match="format 2, but this program reads format 1"):
        Corpus.open(changed(small, tmp_path / "c", "corpus.json", '"format": 1', '"format": 2'))
    with pytest.raises(CorpusError, match=r"corpus\.json: missing"):
        Corpus.open(tmp_path)
    (tmp_path / "corpus.json").write_text("{")
    with pytest.raises(CorpusError, match=r"corpus\.json: not readable"):
        Corpus.open(tmp_path)


def test_a_damaged_audio_file_is_named(small: Path, tmp_path: Path) -> None:
    shutil.copytree(small, tmp_path / "d")
    clip = Corpus.open(tmp_path / "d").split("train")[0]
    clip.path.write_bytes(clip.path.read_bytes()[:1000])
    with pytest.raises(CorpusError, match=clip.path.name):
        clip.audio()
    clip.path.unlink()
    with pytest.raises(CorpusError, match="not readable"):
        clip.audio()


def test_verify_finds_one_exchanged_file(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "e"
    shutil.copytree(small, out)
    monkeypatch.setattr("sys.argv", ["corpus", "verify", str(out)])
    assert main() == 0
    clips = Corpus.open(out).split("train")
    shutil.copy(clips[0].path, clips[1].path)
    assert main() == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and clips[1].path.name in error
