"""Captions: true of their labels, various, and with test phrasing kept from training."""

from __future__ import annotations

import re
from collections import Counter
from random import Random
from typing import Any

import pytest

from nocturne_training.corpus import Corpus, vocabulary
from nocturne_training.corpus.captions import grammar
from nocturne_training.corpus.captions.writer import PHRASES, captions, sentences
from nocturne_training.corpus.music.instruments import INSTRUMENTS

NAMES = sorted({name for i in INSTRUMENTS.values() for name in i.names}, key=len, reverse=True)
TEMPO_WORDS = {
    "slow": r"\bslow\b|slow-paced|unhurried|leisurely|downtempo",
    "medium": r"mid-tempo|moderate (?:tempo|pace)|medium(?! (?:register|range|tessitura))|moderately paced",
    "fast": r"\bfast\b|up-?tempo|fast-paced|\bquick\b|brisk",
}


@pytest.fixture(scope="module")
def written(labelled: list[dict]) -> list[tuple[dict[str, Any], str]]:
    """Labels with each of their captions; all of test clips, so that held-out phrasing is there too."""
    return [
        (labels, caption["text"])
        for index, labels in enumerate(labelled)
        for caption in captions(labels, Random(f"captions {index}"), heldout=True)
    ]


EVERY_NAME = re.compile(rf"\b(?:{'|'.join(map(re.escape, NAMES))})\b", re.IGNORECASE)


def named(text: str) -> tuple[set[str], str]:
    """The instrument names in a caption, longest first, and the text without them."""
    spelled = {name.lower(): name for name in NAMES}
    return {spelled[found.lower()] for found in EVERY_NAME.findall(text)}, EVERY_NAME.sub("#", text)


def test_captions_name_only_instruments_that_sound(written: list[tuple[dict[str, Any], str]]) -> None:
    mentions = 0
    for labels, text in written:
        text = text.lower()
        known = {name for instrument in labels["instruments"] for name in INSTRUMENTS[instrument].names}
        found, rest = named(text)
        assert found <= known, (labels["instruments"], text)
        mentions += len(found)
        if labels["drums"]:
            assert not re.search(
                r"no (?:drums|percussion)|without (?:drums|any p|p)|single drum", rest, re.IGNORECASE
            ), text
        else:
            denied = re.sub(
                r"(?:no|any|single|without|does without|has no) (?:drums?|percussion|beat)", "", rest
            )
            assert not re.search(
                r"drum|percussion|\bbeats?\b(?! per minute)|kit\b", strip_style(labels, denied)
            ), text
        if re.search(r"unaccompanied|no other instruments|nobody else|\bsolo\b", rest, re.IGNORECASE):
            assert len(labels["instruments"]) == 1, text
    assert mentions > len(written)


def strip_style(labels: dict[str, Any], text: str) -> str:
    """Without the words for the style itself ("lo-fi beat")."""
    from nocturne_training.corpus.music.styles import STYLES

    for noun in STYLES[labels["style"]].words.nouns:
        text = re.sub(re.escape(noun), "", text, flags=re.IGNORECASE)
    return text


def test_captions_state_only_the_mode_tempo_and_style_of_the_labels(
    written: list[tuple[dict[str, Any], str]],
) -> None:
    said: Counter[str] = Counter()
    for labels, text in written:
        _, rest = named(text)
        for mode in vocabulary.MODES:
            if re.search(rf"\b{mode}\b", rest, re.IGNORECASE):
                said["mode"] += 1
                assert labels["mode"] == mode, text
        for tempo, pattern in TEMPO_WORDS.items():
            stripped = re.sub(r"neither slow nor fast|slow(?:ly evolving|, simple)|faint, slow", "", rest)
            if re.search(pattern, strip_style(labels, stripped), re.IGNORECASE):
                said["tempo"] += 1
                assert labels["tempo"] == tempo, text
        for bpm in re.findall(r"(\d+) (?:bpm|BPM|beats)|near (\d+)", rest):
            said["bpm"] += 1
            assert abs(int("".join(bpm)) - labels["bpm"]) <= 2, text
        for style in vocabulary.STYLES:
            if re.search(rf"\b{style}\b", rest, re.IGNORECASE):
                said["style"] += 1
                assert style == labels["style"], text
    assert min(said.values()) > 50 and len(said) == 4, said


def test_captions_are_various(labelled: list[dict]) -> None:
    texts = [
        caption["text"]
        for index, labels in enumerate(labelled)
        for caption in captions(labels, Random(f"various {index}"), heldout=False)
        if caption["kind"] == "sentences"
    ]
    assert len(set(texts)) > 0.99 * len(texts)
    openings = Counter(" ".join(named(text)[1].split()[:4]) for text in texts)
    assert len(openings) > 300 and max(openings.values()) < 0.08 * len(texts)
    counts = Counter(text.count(". ") + 1 for text in texts)
    assert all(counts[number] > 0.08 * len(texts) for number in (1, 2, 3, 4))
    assert all(len(text) < 420 for text in texts)


def test_some_attributes_are_left_unsaid(labelled: list[dict]) -> None:
    texts = [sentences(labels, Random(f"unsaid {index}")) for index, labels in enumerate(labelled)]
    leads = [
        any(n in text for n in INSTRUMENTS[labels["lead"]].names)
        for text, labels in zip(texts, labelled, strict=True)
    ]
    assert 0.7 < sum(leads) / len(leads) < 0.98
    tempi = [
        re.search("|".join(TEMPO_WORDS.values()) + "|bpm|BPM|per minute", text) is not None for text in texts
    ]
    assert 0.2 < sum(tempi) / len(tempi) < 0.7


def test_sentences_are_well_formed(written: list[tuple[dict[str, Any], str]]) -> None:
    for _, text in written:
        assert not re.search(r"[\[\]{}<>|]|  | [,.]|\.\.|\b(\w+) \1\b", text), text
        assert not re.search(r"\b[Aa] (?:[aeio]|8-bit|808|FM\b|up|un(?!i))", text), text
        assert not any(f" a {name}" in text for name in NAMES if grammar.is_plural(name)), text


def literal(template: str) -> list[str]:
    """What a phrase says between its slots."""
    assert "[" not in template, "held-out phrases have no alternatives, so that they are told apart"
    pieces = [piece.strip() for piece in re.split(r"\{\w+\}|<\w+>|\ba (?=\{)", template)]
    return [piece for piece in pieces if piece]


def is_of(pieces: list[str], text: str) -> bool:
    """Whether the pieces occur in order."""
    place = 0
    for piece in pieces:
        place = text.find(piece, place)
        if place < 0:
            return False
        place += len(piece)
    return True


def test_held_out_phrasing_is_only_in_test_clips(small: Any, labelled: list[dict]) -> None:
    heldout = [literal(phrase) for group in PHRASES.values() for phrase in group["heldout"]]
    assert len(heldout) >= 25
    for index, labels in enumerate(labelled):
        for caption in captions(labels, Random(f"train {index}"), heldout=False):
            assert not caption["heldout"]
            matching = [pieces for pieces in heldout if is_of(pieces, caption["text"].lower())]
            assert not matching, (caption["text"], matching)
        *_, kept, _ = captions(labels, Random(f"test {index}"), heldout=True)
        assert kept["heldout"] and kept["kind"] == "sentences"
        for sentence in re.split(r"(?<=\.) (?=[A-Z])", kept["text"]):
            assert any(is_of(pieces, sentence.lower()) for pieces in heldout), sentence
    corpus = Corpus.open(small)
    marks = {
        name: [c.heldout for clip in corpus.split(name) for c in clip.captions]
        for name in ("train", "valid", "test")
    }
    assert not any(marks["train"]) and not any(marks["valid"])
    assert sum(marks["test"]) == len(corpus.split("test"))


def test_grammar() -> None:
    assert {grammar.choose("[a|b [c|d]] e", Random(seed)) for seed in range(30)} == {"a e", "b c e", "b d e"}
    assert grammar.fill("the {x} <plays> and <is>", {"x": "bells"}, {"x"}) == "the bells play and are"
    assert grammar.fill("the {x} <carries>", {"x": "flute"}, set()) == "the flute carries"
    assert grammar.sentence("a  old , a 808 kit. a unique one") == "An old, an 808 kit. A unique one."
    assert grammar.listed(["a", "b", "c"]) == "a, b and c"
    assert (
        grammar.with_article("steel drums") == "steel drums"
        and grammar.with_article("slap bass") == "a slap bass"
    )
