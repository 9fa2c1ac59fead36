"""A small corpus of decaying tones, written in a second."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from nocturne_training.corpus.dataset import digest

NOTES = ("c", "d", "e", "f", "g", "a", "b")


def make_tones(
    directory: Path, train: int = 8, held_out: int = 2, captions: Sequence[Sequence[bool]] = ()
) -> Path:
    """Clips of one repeated note each, its name in the caption and in the labels. `captions` says of each
    caption of the first training clips whether its phrasing is held out."""
    random = np.random.default_rng(0)
    splits = {}
    for split, count in (("train", train), ("valid", held_out), ("test", held_out)):
        (directory / "audio" / split).mkdir(parents=True)
        records = [_clip(directory, split, index, random) for index in range(count)]
        for record, heldout in zip(records if split == "train" else (), captions, strict=False):
            text = record["captions"][0]["text"]
            record["captions"] = [
                {"text": " and ".join([text] * (number + 1)), "kind": "sentences", "heldout": held}
                for number, held in enumerate(heldout)
            ]
        path = directory / f"{split}.jsonl"
        path.write_text("".join(json.dumps(record) + "\n" for record in records))
        splits[split] = {"clips": count, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
    header = {"format": 1, "kind": "imported", "sample_rate": 24_000, "clip_seconds": 10}
    header |= {"splits": splits, "digest": digest(splits)}
    (directory / "corpus.json").write_text(json.dumps(header))
    return directory


def _clip(directory: Path, split: str, index: int, random: np.random.Generator) -> dict[str, Any]:
    note = index % len(NOTES)
    time = np.arange(240_000) / 24_000
    tone = np.sin(2 * np.pi * 220 * 2 ** (note / 7) * time) * np.exp(-3 * (time * 2 % 1))
    path = directory / "audio" / split / f"{index:06d}.flac"
    samples = 0.3 * tone + 0.003 * random.standard_normal(240_000)
    soundfile.write(path, samples.astype(np.float32), 24_000, subtype="PCM_16")
    text = f"a tone that repeats the note {NOTES[note]}"
    return {
        "id": f"{split}-{index}",
        "path": str(path.relative_to(directory)),
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "duration": 10.0,
        "sample_rate": 24_000,
        "captions": [{"text": text, "kind": "sentences", "heldout": False}],
        "labels": {"note": NOTES[note]},
    }
