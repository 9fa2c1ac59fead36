"""Waveforms of PyTorch and Nocturne, compared."""

from __future__ import annotations

import math
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile
import torch

from nocturne_training import melody, parity, sampling
from nocturne_training.config import load
from nocturne_training.melody import Choice, generate_tokens
from nocturne_training.models.lm import Lm
from nocturne_training.parity import EDGE, TOLERANCE, Comparison, _compare

ENTRY = {"file_name": "a.wav", "caption": "a", "seed": 4, "steps": 5, "seconds": 1.0}


def other(differs: dict[float, float]) -> SimpleNamespace:
    """Renders ones, and so much more than that by the nudge."""
    return SimpleNamespace(
        render=lambda caption, seed, steps, seconds, nudge: SimpleNamespace(
            audio=torch.full((100,), 0.5 + differs[nudge])
        )
    )


@pytest.mark.parametrize(
    ("differs", "nudge"),
    [
        ({0.0: 1e-4}, 0.0),
        ({0.0: 0.3, -EDGE: 0.2, EDGE: 1e-4}, EDGE),
        ({0.0: 0.3, -EDGE: 1e-4, EDGE: 0.2}, -EDGE),
        ({0.0: 0.3, -EDGE: 0.2, EDGE: 0.2}, 0.0),
    ],
)
def test_a_clip_that_differs_is_compared_beside_the_edge(
    tmp_path: Path, differs: dict[float, float], nudge: float
) -> None:
    soundfile.write(tmp_path / "a.wav", np.full(100, 0.5, np.float32), 24_000, subtype="FLOAT")
    found = _compare(other(differs), tmp_path, ENTRY)
    assert found.nudge == nudge and (found.error <= TOLERANCE) == (differs[nudge] < 0.1)
    assert found.error == pytest.approx(differs[nudge] / (0.5 + differs[nudge]), rel=1e-3)


def test_a_configuration_that_does_not_fit_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(*_: object) -> None:
        raise ValueError("config.json: hop is '96', not of type int")

    monkeypatch.setattr(parity, "compare", refuse)
    assert parity.main(["--nocturne", "n", "--model", "m"]) == 1
    assert capsys.readouterr().err == "error: m: config.json: hop is '96', not of type int\n"


@pytest.mark.parametrize("errors", [(1e-6, math.nan, 2e-6), (math.nan,), (1e-6, math.inf)])
def test_what_is_not_a_number_is_no_agreement(
    errors: tuple[float, ...], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--nocturne", "n", "--model", "m"]
    monkeypatch.setattr(parity, "compare", lambda *_: [Comparison("a", 1, 1e-6)])
    assert parity.main(words) == 0
    monkeypatch.setattr(parity, "compare", lambda *_: [Comparison("a", 1, error) for error in errors])
    assert parity.main(words) == 1
    assert capsys.readouterr().out.splitlines()[-1].split(",")[0].split()[-1] in ("nan", "inf")


def test_a_program_that_is_not_there_is_one_line(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert parity.main(["--nocturne", str(tmp_path / "none"), "--model", "m"]) == 1
    assert capsys.readouterr().err == f"error: {tmp_path / 'none'}: No such file or directory\n"


def test_a_nudge_turns_the_tokens_on_an_edge_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(2)
    config = load("tiny")
    lm, codes = Lm(config).eval(), torch.zeros(1, config.rvq.quantizers, dtype=torch.long)
    edges: list[float] = []

    def drawn(logits, u, *rest):
        if not edges:
            edges.append(float(np.cumsum(sampling.probabilities(logits, 1.0))[2]))
        return sampling.sample(logits, u, *rest)

    monkeypatch.setattr(melody, "choose", drawn)
    tokens = generate_tokens(lm, codes, [4], 6, Choice())
    numbers = melody.uniform(4, melody.SEMANTIC_SAMPLING, 0, 0, 6)
    numbers[0] = edges[0] - EDGE / 10
    monkeypatch.setattr(melody, "uniform", lambda *_: numbers)
    before, after = (generate_tokens(lm, codes, [4], 6, Choice(nudge=n))[0].tolist() for n in (0.0, EDGE))
    assert (before[0], after[0]) == (2, 3) and len(tokens[0]) == 6
    assert generate_tokens(lm, codes, [4], 6, Choice(nudge=-EDGE))[0].tolist() == before
