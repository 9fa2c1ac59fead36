"""Configuration files: strict, canonical, consistent."""

import json
from pathlib import Path

import pytest

import nocturne_training
from nocturne_training.config import NAMED, from_json, load, to_json
from nocturne_training.vocabulary import tiny_vocabulary

CONFIGS = Path(nocturne_training.__file__).parent / "configs"


@pytest.mark.parametrize("name", NAMED)
def test_named_files_are_canonical_and_round_trip(name):
    config = load(name)
    assert config.name == name
    assert config.text == (CONFIGS / f"{name}.json").read_text(encoding="utf-8")
    assert from_json(json.loads(config.text)) == config


def test_derived_sizes_of_the_paper():
    config = load("paper")
    assert (config.lm_vocab, config.semantic_start, config.bos) == (13_313, 12_288, 13_312)
    assert (config.clip_frames, config.clip_tokens) == (2500, 250)
    assert config.mulan.ast.grid == (12, 101)


def test_tiny_vocabulary_has_the_configured_size_and_no_duplicates():
    entries = tiny_vocabulary()
    assert len(entries) == len(set(entries)) == load("tiny").mulan.bert.vocab


def test_what_is_null_may_be_left_out():
    """As Nocturne does where it writes a configuration."""
    text = to_json(load("tiny"))
    assert text["mulan"]["bert"].pop("external") is None
    assert from_json(text) == load("tiny")


def test_unknown_missing_and_mistyped_keys_are_named():
    good = to_json(load("tiny"))
    for change, message in (
        ({**good, "extra": 1}, "extra"),
        ({key: value for key, value in good.items() if key != "rvq"}, "rvq"),
        ({**good, "hop": "96"}, "hop"),
        ({**good, "clipSeconds": True}, "clipSeconds is True"),
        ({**good, "rvq": {**good["rvq"], "codes": 16.5}}, "codes"),
        ({**good, "dpd": {**good["dpd"], "film": "other"}}, "film"),
        ({**good, "hop": 95}, "hop"),
        ({**good, "dpd": {**good["dpd"], "sru": {**good["dpd"]["sru"], "units": 40}}}, "units"),
    ):
        with pytest.raises(ValueError, match=message):
            from_json(change)
