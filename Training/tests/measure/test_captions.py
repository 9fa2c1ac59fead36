"""What captions are read to ask for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from nocturne_training.corpus.dataset import Caption, Clip
from nocturne_training.measure.captions import HELD_OUT_EVERY, Traits, asked, chosen, others

KALIMBA = {
    "lead": "kalimba", "lead_family": "mallets", "drums": True, "tempo": "slow", "quality": "minor",
    "composition": "1/2/0", "style": "lullaby",
}  # fmt: skip
PIANO = {
    "lead": "piano", "lead_family": "piano", "drums": False, "tempo": "medium", "quality": "major",
    "composition": "1/3/0", "style": "lo-fi hip hop",
}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "labels", "expected"),
    [
        ("The tempo is unhurried with a thumb piano harmony.", KALIMBA, Traits("mallets", None, "slow")),
        ("thumb piano, 78 bpm, D Dorian, drums", KALIMBA, Traits("mallets", True, "slow", "minor")),
        ("It is based on a minor scale.", KALIMBA, Traits(quality="minor")),
        ("Brushed drums keep a steady beat.", KALIMBA, Traits(drums=True)),
        ("A slow lullaby.", KALIMBA, Traits(tempo="slow", style="lullaby")),
        ("Chill hip hop track, calm", PIANO, Traits(style="lo-fi hip hop")),
        ("A bedtime melody in the manner of a waltz.", {**PIANO, "style": "waltz"}, Traits(style="waltz")),
        ("A bedtime melody, a lo-fi march", PIANO, Traits()),
        ("It features a tango accordion.", {**PIANO, "style": "tango"}, Traits()),
        ("A tango with a tango accordion.", {**PIANO, "style": "tango"}, Traits(style="tango")),
        ("Steel drums play. There is a lazy lo-fi beat.", {**KALIMBA, "drums": False}, Traits()),
        ("No drums can be heard. A grand piano leads.", PIANO, Traits("piano", False)),
        ("Not a single drum intrudes.", PIANO, Traits(drums=False)),
        ("A thumb piano accompanies it.", PIANO, Traits()),
        ("The arrangement is moderately full, with a slow, simple beat.", PIANO, Traits()),
        ("The piece moves at a moderate pace.", PIANO, Traits(tempo="medium")),
        ("It goes at around 90 bpm.", {**PIANO, "tempo": "slow"}, Traits()),
        ("It is in the Mixolydian mode.".lower(), PIANO, Traits(quality="major")),
    ],
)  # fmt: skip
def test_a_caption_asks_for_what_its_words_say(text: str, labels: dict, expected: Traits) -> None:
    assert asked(text, labels) == expected


def _clip(number: int) -> Clip:
    said = Caption("A piano leads.", "sentences", False), Caption("It is in C major.", "sentences", False)
    captions = (*said, Caption("Every phrase comes out of a piano.", "sentences", True))
    labels = {**PIANO, "composition": f"1/{number // 3}/0", "families": ["piano"]}
    return Clip(str(number), Path(f"{number}.flac"), captions, labels, 10.0)


def test_every_fourth_caption_is_of_held_out_phrasing_and_the_others_tell_most() -> None:
    requests = chosen([_clip(number) for number in range(20)], 12)
    assert [request.caption.heldout for request in requests] == [False, False, False, True] * 3
    assert HELD_OUT_EVERY == 4
    assert all(request.asked.quality == "major" for request in requests if not request.caption.heldout)
    assert len({request.clip.id for request in requests}) == 12


def test_the_control_takes_captions_of_other_compositions() -> None:
    requests = chosen([_clip(number) for number in range(18)], 18)
    places = others(requests)
    assert sorted(places) == list(range(18))
    for request, place in zip(requests, places, strict=True):
        assert request.clip.labels["composition"] != requests[place].clip.labels["composition"]


def test_clips_of_which_labels_say_only_some_are_not_asked_about() -> None:
    clips = [_clip(number) for number in range(4)]
    clips[2] = replace(clips[2], labels={"bpm": 120.0, "tempo": "medium"})
    assert [request.clip for request in chosen(clips, 4)] == [clips[0], clips[1], clips[3]]
