"""`corpus unpack`: the same samples from one file."""

from __future__ import annotations

import errno
import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from nocturne_training.corpus import Clip, Corpus, CorpusError
from nocturne_training.corpus.__main__ import main
from nocturne_training.corpus.dataset import SPLITS
from nocturne_training.corpus.unpack import unpack
from nocturne_training.corpus.unpacked import MARK, SAMPLES


def clips(directory: Path) -> list[Clip]:
    corpus = Corpus.open(directory)
    return [clip for split in SPLITS for clip in corpus.split(split)]


@pytest.mark.parametrize("workers", [1, 2])
def test_unpacked_clips_sound_as_their_files(small: Path, tmp_path: Path, workers: int) -> None:
    out = tmp_path / "unpacked"
    shutil.copytree(small, out)
    decoded = [clip.audio() for clip in clips(out)]
    assert unpack(Corpus.open(out), workers) == 2 * 240_000 * 6
    found = clips(out)
    assert [clip.id for clip in found] == [clip.id for clip in clips(small)]
    for clip, samples in zip(found, decoded, strict=True):
        # Nothing is read from the files any more.
        clip.path.unlink()
        assert np.array_equal(clip.audio(), samples) and clip.audio().dtype == np.float32
        assert np.array_equal(clip.audio(12_345, 678), samples[12_345 : 12_345 + 678])


def test_a_crop_beyond_the_end_is_refused_as_before(small: Path, tmp_path: Path) -> None:
    shutil.copytree(small, tmp_path / "a")
    unpack(Corpus.open(tmp_path / "a"), 1)
    for start, count in ((239_999, 2), (-1, 2)):
        with pytest.raises(CorpusError, match="asked for"):
            clips(tmp_path / "a")[0].audio(start, count)


@pytest.mark.parametrize("mark", [None, "{", {"corpus": "of another digest", "samples": 6 * 240_000}])
def test_what_is_not_of_this_corpus_is_passed_over(small: Path, tmp_path: Path, mark: object) -> None:
    out = tmp_path / "b"
    shutil.copytree(small, out)
    unpack(Corpus.open(out), 1)
    assert all(clip.unpacked is not None for clip in clips(out))
    (out / MARK).unlink()
    if mark is not None:
        (out / MARK).write_text(mark if isinstance(mark, str) else json.dumps(mark))
    assert all(clip.unpacked is None for clip in clips(out))


def test_the_command_names_the_file_and_a_damaged_clip(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "c"
    shutil.copytree(small, out)
    monkeypatch.setattr("sys.argv", ["corpus", "unpack", str(out), "--workers", "1"])
    assert main() == 0
    assert f"{out / SAMPLES}: 3 MB" in capsys.readouterr().out
    damaged = clips(out)[1].path
    damaged.write_bytes(damaged.read_bytes()[:1000])
    assert main() == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and damaged.name in error
    assert not (out / MARK).exists()


def test_verify_finds_one_changed_sample(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "d"
    shutil.copytree(small, out)
    unpack(Corpus.open(out), 1)
    monkeypatch.setattr("sys.argv", ["corpus", "verify", str(out)])
    assert main() == 0 and "every file is as it was made" in capsys.readouterr().out
    samples = np.memmap(out / SAMPLES, np.int16, "r+")
    samples[2 * 240_000 + 17] += 1
    samples.flush()
    assert main() == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and f"{out / SAMPLES}: differs from {clips(out)[2].path}" in error


def test_a_full_disk_is_one_line_and_leaves_nothing(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    out = tmp_path / "d"
    shutil.copytree(small, out)
    before = sorted(out.iterdir())
    monkeypatch.setattr(os, "posix_fallocate", full)
    monkeypatch.setattr("sys.argv", ["corpus", "unpack", str(out), "--workers", "1"])
    assert main() == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and "No space left on device; 3 MB are needed" in error
    assert sorted(out.iterdir()) == before


def test_whoever_reads_keeps_the_file_that_was_there(small: Path, tmp_path: Path) -> None:
    out = tmp_path / "e"
    shutil.copytree(small, out)
    unpack(Corpus.open(out), 1)
    reader = clips(out)[-1]
    held = (out / SAMPLES).stat().st_ino
    unpack(Corpus.open(out), 1)
    assert (out / SAMPLES).stat().st_ino != held
    assert np.array_equal(reader.audio(), clips(small)[-1].audio())
