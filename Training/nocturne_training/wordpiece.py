"""BERT's WordPiece: clean, space out CJK, lower-case, strip accents, split punctuation, greedy longest match
(1.1).

Everything works on Unicode scalars, one at a time: lower-casing has no context (a capital sigma gives the
medial one).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

MAX_WORD = 100
_CJK = (
    (0x4E00, 0x9FFF),
    (0x3400, 0x4DBF),
    (0x20000, 0x2A6DF),
    (0x2A700, 0x2B73F),
    (0x2B740, 0x2B81F),
    (0x2B820, 0x2CEAF),
    (0xF900, 0xFAFF),
    (0x2F800, 0x2FA1F),
)


@dataclass(frozen=True)
class Encoding:
    """Token ids with [CLS] and [SEP]; `truncated` tells that words were dropped."""

    ids: list[int]
    truncated: bool


def _is_space(char: str) -> bool:
    return char in "\t\n\r" or unicodedata.category(char) in ("Zs", "Zl", "Zp")


def _is_control(char: str) -> bool:
    return char not in "\t\n\r" and unicodedata.category(char).startswith("C")


def _is_punctuation(char: str) -> bool:
    code = ord(char)
    ascii_symbol = 33 <= code <= 47 or 58 <= code <= 64 or 91 <= code <= 96 or 123 <= code <= 126
    return ascii_symbol or unicodedata.category(char).startswith("P")


def _is_cjk(char: str) -> bool:
    return any(low <= ord(char) <= high for low, high in _CJK)


def normalise(text: str) -> str:
    """Cleaned, CJK spaced, decomposed, without marks (category Mn), lower-case."""
    cleaned = []
    for char in text:
        if char in "\0\ufffd" or _is_control(char):
            continue
        if _is_space(char):
            cleaned.append(" ")
        else:
            cleaned.append(f" {char} " if _is_cjk(char) else char)
    decomposed = unicodedata.normalize("NFD", "".join(cleaned))
    return "".join(char.lower() for char in decomposed if unicodedata.category(char) != "Mn")


def split(text: str) -> list[str]:
    """Words and single punctuation characters of normalised text."""
    words, current = [], ""
    for char in text:
        if _is_space(char) or _is_punctuation(char):
            if current:
                words.append(current)
            current = ""
            if not _is_space(char):
                words.append(char)
        else:
            current += char
    return [*words, current] if current else words


class WordPiece:
    """Entries in id order; `[UNK]`, `[CLS]`, `[SEP]` must be among them."""

    def __init__(self, entries: Iterable[str]) -> None:
        self.ids = {entry: index for index, entry in enumerate(entries)}
        self.unknown, self.start, self.end = (self.ids[name] for name in ("[UNK]", "[CLS]", "[SEP]"))

    @staticmethod
    def load(path: Path) -> WordPiece:
        """Reads a `vocab.txt`, one entry a line."""
        return WordPiece(path.read_text(encoding="utf-8").removesuffix("\n").split("\n"))

    def pieces(self, word: str) -> list[int]:
        """Greedy longest matches of one word; [UNK] alone if a part is missing or the word is over-long."""
        if len(word) > MAX_WORD:
            return [self.unknown]
        found, start = [], 0
        while start < len(word):
            prefix = "##" if start else ""
            for end in range(len(word), start, -1):
                index = self.ids.get(prefix + word[start:end])
                if index is not None:
                    break
            else:
                return [self.unknown]
            found.append(index)
            start = end
        return found

    def encode(self, text: str, max_tokens: int) -> Encoding:
        """Ids [CLS] ... [SEP], at most `max_tokens` of them."""
        ids = [piece for word in split(normalise(text)) for piece in self.pieces(word)]
        room = max_tokens - 2
        return Encoding([self.start, *ids[:room], self.end], len(ids) > room)
