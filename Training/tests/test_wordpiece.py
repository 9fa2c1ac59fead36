"""WordPiece on the tiny vocabulary."""

import pytest

from nocturne_training.vocabulary import tiny_vocabulary
from nocturne_training.wordpiece import WordPiece, normalise, split

ENTRIES = tiny_vocabulary()
WORDPIECE = WordPiece(ENTRIES)


def pieces(text, max_tokens=64):
    return [ENTRIES[index] for index in WORDPIECE.encode(text, max_tokens).ids][1:-1]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A SLOW Jazz song", ["a", "slow", "jazz", "song"]),
        ("Café", ["caf", "##e"]),
        ("cafe\u0301", ["caf", "##e"]),
        ("hip-hop!", ["hip", "-", "hop", "!"]),
        ("静かな音楽", ["[UNK]", "[UNK]", "音", "楽"]),
        ("a\u200b\u0000\ufeff song", ["a", "song"]),
        ("slow\u00a0song\u3000and\u2028jazz", ["slow", "song", "and", "jazz"]),
        ("ΣΑΣ", ["[UNK]"]),
        ("Σ", ["σ"]),
        ("s" * 100, ["s", *["##s"] * 99]),
        ("s" * 101, ["[UNK]"]),
        ("", []),
        (" \n\t", []),
    ],
)
def test_pieces(text, expected):
    assert pieces(text, 128) == expected


def test_truncation_keeps_the_last_place_for_sep():
    full = WORDPIECE.encode("song " * 62, 64)
    assert len(full.ids) == 64 and not full.truncated
    over = WORDPIECE.encode("song " * 63, 64)
    assert over.ids == full.ids and over.truncated


def test_lower_casing_has_no_context():
    assert split(normalise("ΜΟΥΣΙΚΗΣ İ ẞ")) == ["μουσικησ", "i", "ß"]
