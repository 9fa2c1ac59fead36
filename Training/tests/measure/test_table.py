"""The table that people, the model card and programs read."""

from __future__ import annotations

from nocturne_training.measure.captions import Traits
from nocturne_training.measure.control import control_rows, phrasing_row, retold_rows
from nocturne_training.measure.table import Row, markdown, plain, records, verdict

ROWS = [
    Row("family", 0.8444, 0.91, 0.1, 193, "at least 80%", True, ".1%"),
    Row("silent clips", 2, 0, None, 200, "none", False),
    Row("SI-SDR", 11.25, form=".1f"),
]


def test_the_terminal_aligns_columns_and_marks_what_there_is_not() -> None:
    lines = plain(ROWS).splitlines()
    assert lines[1].split() == ["family", "84.4%", "91.0%", "10.0%", "193", "at", "least", "80%", "yes"]
    assert lines[2].split() == ["silent", "clips", "2", "0", "–", "200", "none", "no"]
    assert (
        len(
            {
                line.index(value) + len(value)
                for line, value in zip(lines[1:], ("84.4%", " 2", "11.2"), strict=True)
            }
        )
        == 1
    )


def test_markdown_names_the_model_and_has_a_heading_and_one_line_a_row() -> None:
    title, blank, *lines = markdown(ROWS, "0123456789abcdef").splitlines()
    assert (title, blank) == ("Model `0123456789ab`:", "")
    assert len(lines) == 2 + len(ROWS)
    assert {line.count("|") for line in lines} == {8}
    assert lines[2].startswith("| family | 84.4% | 91.0% |")


def test_records_keep_the_numbers_and_the_verdict_names_what_is_missed() -> None:
    assert records(ROWS)[0]["generated"] == 0.8444
    assert verdict(ROWS) == "1 of 2 bars met; missed: silent clips"


def test_a_row_of_control_counts_only_captions_that_state_the_attribute() -> None:
    asked = [Traits(family="reed"), Traits(family="flute"), Traits(tempo="slow"), Traits()]
    asked[1] = Traits(family="flute", style="waltz")
    heard = [Traits("reed", True, "fast", "major", "waltz")] * 2
    heard += [Traits("piano", True, "fast", "major", "march")] * 2
    family, drums, tempo, _, style = control_rows(asked, heard, heard, [2, 3, 0, 1])
    assert (family.generated, family.clips, family.met) == (0.5, 2, False)
    assert (family.shuffled, drums.generated, drums.clips, drums.met) == (0.0, None, 0, None)
    assert (tempo.generated, tempo.clips) == (0.0, 1)
    assert (style.generated, style.clips, style.bar, style.met) == (1.0, 1, "", None)


def test_the_row_of_new_phrasing_counts_only_captions_of_it() -> None:
    asked = [Traits(family="reed"), Traits(family="flute"), Traits(family="piano"), Traits()]
    heard, real = [Traits(family="reed")] * 4, [Traits(family="piano")] * 4
    row = phrasing_row([True, False, True, True], asked, heard, real)
    assert (row.generated, row.real, row.clips, row.met) == (0.5, 0.5, 2, None)
    assert phrasing_row([False] * 4, asked, heard, real).generated is None


def test_what_is_left_of_a_clip_is_judged_by_its_own_labels() -> None:
    true = [Traits("reed", True, "slow", "major"), Traits("flute", False, "fast", "minor")] * 2
    retold = [*true[:2], Traits("piano", True, "slow", "minor"), true[3]]
    family, drums, tempo, quality, _ = retold_rows(true, retold, true[1:] + true[:1])
    assert (family.generated, family.real, family.clips, family.met) == (0.75, 0.0, 4, None)
    assert (drums.generated, tempo.generated, quality.generated) == (1.0, 1.0, 0.75)
    assert retold_rows(true[:2], true[:2], true[:2])[0].shuffled == 0.0
