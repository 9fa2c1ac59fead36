"""Importing small files of every kind, good and bad."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from nocturne_training.corpus import Corpus, CorpusError
from nocturne_training.corpus.__main__ import main
from nocturne_training.corpus.importer import import_, windows
from nocturne_training.corpus.sources import Source, assigned, audiocraft, audiofolder
from nocturne_training.corpus.store import JOURNAL


def tone(path: Path, seconds: float, rate: int = 24_000, channels: int = 1, hertz: float = 440.0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    wave = 0.5 * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)
    soundfile.write(path, np.stack([wave] * channels, axis=1), rate)
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An AudioFolder with everything in it that can go wrong."""
    music = tmp_path / "music"
    tone(music / "stereo.wav", 25.0, 44_100, 2)
    tone(music / "narrow.wav", 12.0, 8_000)
    tone(music / "loop.flac", 10.0, 48_000)
    tone(music / "live.ogg", 10.2, 32_000, 2)
    tone(music / "short.wav", 3.0)
    tone(music / "untold.wav", 11.0)
    soundfile.write(music / "silent.wav", np.zeros(260_000), 24_000)
    soundfile.write(music / "empty.wav", np.zeros(0), 24_000)
    (music / "corrupt.wav").write_bytes(b"RIFF....WAVEnothing of use")
    names = [
        "stereo.wav",
        "narrow.wav",
        "loop.flac",
        "live.ogg",
        "short.wav",
        "silent.wav",
        "empty.wav",
        "corrupt.wav",
    ]
    rows = [f'{name},"A tone, {name}"' for name in [*names, "missing.wav"]] + ["untold.wav,"]
    (music / "metadata.csv").write_text("file_name,caption\n" + "\n".join(rows) + "\n")
    return music


def every_clip(corpus: Corpus) -> list:
    return [clip for name in ("train", "valid", "test") for clip in corpus.split(name)]


def test_good_files_come_in_and_bad_ones_are_listed(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    import_(audiofolder(folder), out, 0.2, 0.2, seed=1, workers=1)
    clips = every_clip(Corpus.open(out))
    captions = sorted(clip.captions[0].text for clip in clips)
    assert captions == [
        "A tone, live.ogg",
        "A tone, loop.flac",
        "A tone, narrow.wav",
        "A tone, stereo.wav",
        "A tone, stereo.wav",
    ]
    for clip in clips:
        audio = clip.audio()
        assert audio.shape == (240_000,) and clip.labels is None
        spectrum = np.abs(np.fft.rfft(audio))
        assert abs(np.argmax(spectrum) / 10 - 440) < 0.2, "pitch survives resampling"
        assert 0.45 < np.abs(audio[1000:-1000]).max() < 0.55
    reasons = {
        e["path"]: e["reason"] for e in map(json.loads, (out / "skipped.jsonl").read_text().splitlines())
    }
    assert reasons.pop("corrupt.wav").startswith("not readable after 0 s")
    assert reasons == {
        "empty.wav": "empty",
        "missing.wav": "missing",
        "short.wav": "3.0 s, shorter than 10 s",
        "silent.wav": "0 s to 10 s: silent",
        "untold.wav": "no caption",
    }
    header = json.loads((out / "corpus.json").read_text())
    assert header["kind"] == "imported" and header["hours"] == round(5 / 360, 4)


def test_resampling_in_blocks_is_that_of_the_whole(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    noise = np.clip(0.2 * generator.standard_normal((44_100 * 31, 2)), -1, 1)
    soundfile.write(tmp_path / "noise.wav", noise, 44_100, subtype="FLOAT")
    import soxr

    whole = soxr.resample(noise.mean(axis=1).astype(np.float32), 44_100, 24_000, quality="HQ")
    blocks = list(windows(tmp_path / "noise.wav"))
    assert [len(block) for block in blocks] == [240_000, 240_000, 240_000, 24_000]
    assert np.abs(np.concatenate(blocks) - whole).max() < 1e-5


def test_split_folders_are_kept(tmp_path: Path) -> None:
    music = tmp_path / "music"
    for index in range(6):
        tone(music / "train" / f"{index}.wav", 10.0, hertz=300 + index)
    tone(music / "test" / "a.wav", 10.0)
    lines = [json.dumps({"file_name": f"train/{index}.wav", "text": f"tone {index}"}) for index in range(6)]
    (music / "metadata.jsonl").write_text("\n".join(lines))
    (music / "test" / "metadata.csv").write_text("file_name,description\na.wav,a test tone\n")
    import_(audiofolder(music), tmp_path / "out", 0.2, 0.5, seed=1, workers=2)
    corpus = Corpus.open(tmp_path / "out")
    assert [clip.captions[0].text for clip in corpus.split("test")] == ["a test tone"]
    assert (len(corpus.split("train")), len(corpus.split("valid"))) == (5, 1)


def test_shares_depend_on_names_and_seed_alone() -> None:
    sources = tuple(Source(f"{index}.wav", Path(f"{index}.wav"), ()) for index in range(200))
    first = {s.name: s.split for s in assigned(sources, 0.1, 0.05, seed=3)}
    again = {s.name: s.split for s in assigned(sources[::-1], 0.1, 0.05, seed=3)}
    other = {s.name: s.split for s in assigned(sources, 0.1, 0.05, seed=4)}
    assert first == again != other
    assert [list(first.values()).count(split) for split in ("train", "valid", "test")] == [170, 20, 10]


@pytest.mark.parametrize("suffix", [".jsonl", ".jsonl.gz"])
def test_audiocraft_manifests_bring_captions_tags_and_labels(tmp_path: Path, suffix: str) -> None:
    facts = {
        "description": "A calm tone.",
        "keywords": "sine, pure",
        "bpm": 96.4,
        "instrument": "Mix",
        "genre": "Drone",
        "moods": ["calm"],
    }
    lines = []
    for name in ("a", "b", "c"):
        tone(tmp_path / f"{name}.wav", 10.0, 44_100)
        (tmp_path / f"{name}.json").write_text(json.dumps({"title": "c"} if name == "c" else facts))
        lines.append(
            json.dumps({"path": f"{name}.wav", "duration": 10.0, "sample_rate": 44_100, "amplitude": None})
        )
    manifest = tmp_path / f"data{suffix}"
    data = ("\n".join(lines) + "\n").encode()
    manifest.write_bytes(gzip.compress(data) if suffix.endswith("gz") else data)
    skipped = import_(audiocraft(manifest), tmp_path / "out", 0.0, 0.0, seed=0, workers=1)
    assert skipped == [{"path": "c.wav", "reason": "no caption"}]
    clip = Corpus.open(tmp_path / "out").split("train")[0]
    assert [(c.text, c.kind) for c in clip.captions] == [
        ("A calm tone.", "sentences"),
        ("Drone, Mix, calm, sine, pure, 96 bpm", "tags"),
    ]
    assert clip.labels == {
        **{key: value for key, value in facts.items() if key != "description"},
        "tempo": "medium",
    }


def test_an_import_goes_on_where_it_was_killed(folder: Path, tmp_path: Path) -> None:
    listing = audiofolder(folder)
    import_(listing, tmp_path / "whole", 0.2, 0.2, seed=1, workers=1)
    out = tmp_path / "killed"
    stopped = iter(range(6))

    def stop(_: int = 0) -> None:
        if next(stopped, None) is None:
            raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("nocturne_training.corpus.importer.tqdm.update", lambda self, n=1: stop())
        import_(listing, out, 0.2, 0.2, seed=1, workers=1)
    assert (out / JOURNAL).exists() and not (out / "corpus.json").exists()
    times = {path: path.stat().st_mtime_ns for path in out.rglob("*.flac")}
    import_(listing, out, 0.2, 0.2, seed=1, workers=1)
    assert times and all(path.stat().st_mtime_ns == time for path, time in times.items())
    names = ["corpus.json", "train.jsonl", "valid.jsonl", "test.jsonl", "skipped.jsonl"]
    assert all((out / name).read_bytes() == (tmp_path / "whole" / name).read_bytes() for name in names)
    with pytest.raises(CorpusError, match="another corpus"):
        import_(listing, out, 0.3, 0.2, seed=1, workers=1)


def test_bad_listings_are_one_clear_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def error(flag: str, path: Path) -> str:
        monkeypatch.setattr("sys.argv", ["corpus", "import", flag, str(path), "--out", str(tmp_path / "out")])
        assert main() == 1
        text = capsys.readouterr().err.strip().splitlines()[-1]
        assert not (tmp_path / "out" / "corpus.json").exists()
        return text

    manifest = tmp_path / "data.jsonl"
    assert "data.jsonl: not readable" in error("--audiocraft", manifest)
    manifest.write_text('{"path": "a.wav"}\n{"path": ')
    assert error("--audiocraft", manifest).endswith("data.jsonl: line 2: not a JSON object")
    manifest.write_text('{"duration": 3}\n')
    assert error("--audiocraft", manifest).endswith("line 1: no path")
    manifest.write_text("")
    assert error("--audiocraft", manifest).endswith("lists no files")
    packed = tmp_path / "data.jsonl.gz"
    packed.write_bytes(gzip.compress(b"{}")[:10] + bytes(range(250, 256)) * 4)
    assert "data.jsonl.gz: not readable" in error("--audiocraft", packed)
    music = tmp_path / "music"
    music.mkdir()
    assert "no metadata.csv or metadata.jsonl" in error("--audiofolder", music)
    (music / "metadata.csv").write_text("file,words\na.wav,b\n")
    assert "line 2: a column file_name and one of caption or text" in error("--audiofolder", music)
    (music / "metadata.csv").write_text("file_name,text\na.wav,a tone\n")
    assert error("--audiofolder", music).endswith("no clip for training in 1 files (a.wav: missing)")


def test_rows_of_one_file_are_its_captions(tmp_path: Path) -> None:
    tone(tmp_path / "a.wav", 10.0)
    rows = [{"file_name": "a.wav", "text": text} for text in ("one", "two\u2028lines", "one")]
    lines = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    (tmp_path / "metadata.jsonl").write_bytes(b"\xef\xbb\xbf" + lines.encode())
    (source,) = audiofolder(tmp_path).sources
    assert [caption["text"] for caption in source.captions] == ["one", "two lines"]


def test_a_split_folder_may_lie_in_another(tmp_path: Path) -> None:
    folder = tmp_path / "data" / "test"
    tone(folder / "a.wav", 10.0)
    (folder / "metadata.csv").write_text("file_name,caption\na.wav,A tone\n")
    assert [source.split for source in audiofolder(tmp_path).sources] == ["test"]
    (folder / "metadata.csv").write_text("file_name,caption\n/etc/passwd,A tone\n")
    with pytest.raises(CorpusError, match=r"metadata.csv: line 2: /etc/passwd is not in "):
        audiofolder(tmp_path)


@pytest.mark.parametrize(
    ("said", "expected"), [("120 BPM", 120.0), (96, 96.0), ("fast", None), ("nan", None)]
)
def test_beats_per_minute_are_read_where_they_are_a_number(
    tmp_path: Path, said: object, expected: float | None
) -> None:
    tone(tmp_path / "a.wav", 10.0)
    (tmp_path / "a.json").write_text(json.dumps({"description": "A tone", "bpm": said}))
    (tmp_path / "data.jsonl").write_text(json.dumps({"path": "a.wav"}) + "\n")
    (source,) = audiocraft(tmp_path / "data.jsonl").sources
    assert (source.labels or {}).get("bpm") == expected
    assert [caption["text"] for caption in source.captions[1:]] == (
        [f"{expected:.0f} bpm"] if expected else []
    )
    (tmp_path / "a.json").write_text("[]")
    with pytest.raises(CorpusError, match=r"a.json: not a JSON object"):
        audiocraft(tmp_path / "data.jsonl")


def test_files_that_were_mended_come_in_with_the_same_command(tmp_path: Path) -> None:
    music, out = tmp_path / "music", tmp_path / "out"
    music.mkdir()
    (music / "metadata.csv").write_text("file_name,caption\na.wav,A tone\n")
    (music / "a.wav").write_bytes(b"version https://git-lfs.github.com/spec/v1")
    with pytest.raises(CorpusError, match="no clip for training"):
        import_(audiofolder(music), out, 0.0, 0.0, seed=1, workers=1)
    tone(music / "a.wav", 10.0)
    assert import_(audiofolder(music), out, 0.0, 0.0, seed=1, workers=1) == []
    assert len(every_clip(Corpus.open(out))) == 1


def test_no_file_or_caption_ends_the_import(tmp_path: Path) -> None:
    music, out = tmp_path / "music", tmp_path / "out"
    tone(music / "a.wav", 10.0)
    (music / "b.raw").write_bytes(bytes(1000))
    rows = [{"file_name": "a.wav", "text": "nice \ud83d"}, {"file_name": "b.raw", "text": "raw"}]
    (music / "metadata.jsonl").write_text("\n".join(map(json.dumps, rows)))
    skipped = import_(audiofolder(music), out, 0.0, 0.0, seed=1, workers=1)
    assert [entry["path"] for entry in skipped] == ["b.raw"]
    assert [clip.captions[0].text for clip in every_clip(Corpus.open(out))] == ["nice ?"]


def test_a_journal_that_is_torn_within_a_character_goes_on(tmp_path: Path) -> None:
    music, out = tmp_path / "music", tmp_path / "out"
    for name in ("a", "b", "c"):
        tone(music / f"{name}.wav", 10.0)
    rows = [{"file_name": f"{name}.wav", "text": "é" * 20} for name in ("a", "b", "c")]
    (music / "metadata.jsonl").write_text("\n".join(map(json.dumps, rows)))
    with pytest.MonkeyPatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("nocturne_training.corpus.importer.finish", raise_interrupt)
        import_(audiofolder(music), out, 0.0, 0.0, seed=1, workers=1)
    journal = (out / JOURNAL).read_bytes()
    (out / JOURNAL).write_bytes(journal[: journal.rindex("é".encode()) + 1])
    assert import_(audiofolder(music), out, 0.0, 0.0, seed=1, workers=1) == []
    assert len(every_clip(Corpus.open(out))) == 3


def raise_interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def test_a_finished_import_says_again_what_was_skipped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    music, out = tmp_path / "music", tmp_path / "out"
    tone(music / "a.wav", 10.0)
    tone(music / "b.wav", 3.0)
    (music / "metadata.csv").write_text("file_name,caption\na.wav,A tone\nb.wav,A short one\n")
    words = ["corpus", "import", "--audiofolder", str(music), "--out", str(out), "--valid-share", "0"]
    monkeypatch.setattr("sys.argv", words)
    for _ in range(2):
        assert main() == 0
        said = capsys.readouterr().out
        assert "1 skipped" in said and "b.wav, 3.0 s, shorter than 10 s; once mended, import anew" in said
        assert "no clip for valid: no validation of a training has figures" in said
        assert "no clip for test: no report on one has figures" in said
