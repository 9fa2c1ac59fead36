"""The vocabulary of the tiny text encoder: deterministic, a few hundred entries in BERT's file format."""

from __future__ import annotations

import string
from pathlib import Path

_SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
_ENDINGS = ("s", "ed", "ing", "er", "y", "ly", "ic", "al", "ous", "ful", "ness", "tion", "es", "ist", "box")
_BEYOND_ASCII = ("é", "ß", "ø", "σ", "音", "楽", "の", "한", "–", "…", "“", "”", "♪")


def tiny_vocabulary() -> list[str]:
    """Entries in id order: special tokens, printable ASCII characters, their continuations, words of music
    captions, endings, a few characters beyond ASCII. Upper-case letters are left out, as in an uncased
    vocabulary."""
    characters = [chr(code) for code in range(33, 127) if chr(code) not in string.ascii_uppercase]
    continuations = [f"##{letter}" for letter in string.ascii_lowercase + string.digits]
    words = (Path(__file__).parent / "configs" / "tiny-words.txt").read_text(encoding="utf-8").split()
    endings = [f"##{ending}" for ending in _ENDINGS]
    return list(dict.fromkeys([*_SPECIAL, *characters, *continuations, *words, *endings, *_BEYOND_ASCII]))
