"""What a checkpoint's own networks make of a clip."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from nocturne_training.config import load
from nocturne_training.initialise import initialise
from nocturne_training.measure.embeddings import Encoders
from nocturne_training.models.modules import build

CLIPS = [np.sin(np.arange(4_900) * 2 * np.pi * hertz / 24_000).astype(np.float32) for hertz in (220, 1_700)]


@pytest.fixture
def encoders() -> Encoders:
    made = Encoders.__new__(Encoders)
    made.config = load("tiny")
    names = "tokenizer", "dpd", "vae_decoder"
    made.tokenizer, made.dpd, made.decoder = (build(name, made.config) for name in names)
    for name, module in zip(names, (made.tokenizer, made.dpd, made.decoder), strict=True):
        initialise(module, name, 5)
    return made


def test_a_clip_is_told_again_by_its_tokens_alone(
    encoders: Encoders, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard = []
    tokens = torch.arange(5)[None]
    monkeypatch.setattr(encoders.tokenizer, "tokens", lambda audio: heard.append(audio) or tokens)
    first, other = encoders.retold(CLIPS, 2)
    assert first.shape == (4_800,) and [audio.shape[1] for audio in heard] == [4_800, 4_800]
    assert not np.allclose(first, other), "each clip has noise of its own"
    assert np.array_equal(first, next(encoders.retold(CLIPS[1:], 2))), "only tokens and place tell"
    tokens = tokens.flip(1)
    assert not np.allclose(first, next(encoders.retold(CLIPS, 2)))
