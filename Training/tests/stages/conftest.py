from __future__ import annotations

from pathlib import Path

import pytest
from extraction import copy_of, extracted_run
from listening import labelled_context, write_networks
from tones import make_tones

from nocturne_training.config import load
from nocturne_training.initialise import initialise
from nocturne_training.models.modules import build
from nocturne_training.stages.weights import write
from nocturne_training.trainer.settings import Settings


@pytest.fixture(scope="session")
def tones(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A corpus of 8 training clips and 4 held-out ones."""
    return make_tones(tmp_path_factory.mktemp("tones") / "corpus", train=8, held_out=4)


@pytest.fixture(scope="session")
def extracted(tmp_path_factory: pytest.TempPathFactory, tones: Path) -> Path:
    """A run directory with the tensors of `tones` by untrained networks."""
    return extracted_run(tmp_path_factory.mktemp("extracted"), tones)


@pytest.fixture(scope="session")
def tunable(tmp_path_factory: pytest.TempPathFactory, extracted: Path, tones: Path) -> Path:
    """A run directory with the extraction, untrained networks and untrained listeners."""
    directory = copy_of(extracted, tmp_path_factory.mktemp("tunable"))
    write_networks(labelled_context(directory, tones, Settings()))
    return directory


@pytest.fixture(scope="session")
def tokenized(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run directory whose tokenizer has random weights."""
    directory = tmp_path_factory.mktemp("tokenized")
    (directory / "tokenizer").mkdir()
    tokenizer = build("tokenizer", load("tiny"))
    initialise(tokenizer, "tokenizer", 1)
    write(directory / "tokenizer", "tokenizer", tokenizer)
    return directory
