"""Music without sound: variety over many pieces, and what theory asks of each."""

from __future__ import annotations

from collections import Counter

from nocturne_training.corpus import vocabulary
from nocturne_training.corpus.clips import Composition, composition
from nocturne_training.corpus.music import harmony
from nocturne_training.corpus.music.instruments import INSTRUMENTS
from nocturne_training.corpus.music.score import Note, span_at
from nocturne_training.corpus.music.styles import STYLES

STRONG_BEATS = {"4/4": 8, "3/4": 12, "6/8": 6}


def melody(piece: Composition) -> list[Note]:
    """The upper voice of the melody in order, without grace notes: those lie off the grid."""
    notes = [n for part in piece.score.parts if part.role in ("lead", "second lead") for n in part.notes]
    upper = {n.start: n for n in sorted(notes, key=lambda n: n.pitch) if n.start % 1 == 0}
    return [upper[start] for start in sorted(upper)]


def test_vocabulary_lists_every_style_family_and_mode() -> None:
    assert tuple(STYLES) == vocabulary.STYLES
    assert {i.family for i in INSTRUMENTS.values()} == set(vocabulary.FAMILIES)
    assert set(harmony.SCALES) == set(vocabulary.MODES)
    assert [vocabulary.tempo(bpm) for bpm in (89, 90, 130, 131)] == ["slow", "medium", "medium", "fast"]
    assert {mode: vocabulary.quality(mode) for mode in vocabulary.MODES} == {
        mode: "major" if 4 in scale else "minor" for mode, scale in harmony.SCALES.items()
    }


def test_every_pattern_is_whole_bars_and_every_name_is_known() -> None:
    for style in STYLES.values():
        patterns = [*style.lead.rhythms, *style.lead.cadences, *style.chords.patterns, *style.bass.patterns]
        patterns += [pattern for groove in style.drums.grooves for pattern in groove.values()]
        assert all(len(pattern) % style.bar == 0 for pattern in patterns), style.name
        named = [*style.lead.instruments, *style.drums.kits]
        named += [name for role in (style.chords, style.pad, style.bass) for name in role.instruments]
        assert set(named) <= set(INSTRUMENTS), style.name
        assert set(style.modes) == set(style.loops), style.name


def test_pieces_are_various(pieces: list[Composition], labelled: list[dict]) -> None:
    assert len(labelled) > 0.97 * len(pieces)
    counts = {key: Counter(labels[key] for labels in labelled) for key in labelled[0] if key in COUNTED}
    assert set(counts["style"]) == set(vocabulary.STYLES) and min(counts["style"].values()) >= 8
    assert len(counts["lead"]) >= 50 and max(counts["lead"].values()) < 0.1 * len(labelled)
    assert set(counts["lead_family"]) >= set(vocabulary.FAMILIES) - {"bass", "drums"}
    assert set(counts["mode"]) == set(vocabulary.MODES)
    assert 0.3 < counts["quality"]["major"] / len(labelled) < 0.7
    assert len(counts["key"]) == 12 and 0.3 < counts["drums"][True] / len(labelled) < 0.8
    for key in ("tempo", "density", "register"):
        assert min(counts[key].values()) > 0.1 * len(labelled), key
    assert len(counts["space"]) == 3 and len(counts["metre"]) == 3
    tempi = [labels["bpm"] for labels in labelled]
    assert 50 <= min(tempi) < 60 and 165 < max(tempi) <= 180
    assert len({tuple((n.start, n.pitch) for n in melody(piece)[:12]) for piece in pieces}) == len(pieces)


COUNTED = (
    "style",
    "lead",
    "lead_family",
    "mode",
    "quality",
    "key",
    "drums",
    "tempo",
    "density",
    "register",
    "space",
    "metre",
)


def test_styles_differ_in_how_they_move(pieces: list[Composition]) -> None:
    onsets: dict[str, Counter] = {}
    for piece in pieces:
        counter = onsets.setdefault(piece.score.style.name, Counter())
        for part in piece.score.parts:
            counter.update(f"{part.role} {n.start % piece.score.style.bar}" for n in part.notes)
    profiles = {
        name: {k: v / counter.total() for k, v in counter.items()} for name, counter in onsets.items()
    }
    names = sorted(profiles)
    for index, one in enumerate(names):
        for other in names[index + 1 :]:
            keys = profiles[one].keys() | profiles[other].keys()
            distance = sum(abs(profiles[one].get(k, 0) - profiles[other].get(k, 0)) for k in keys) / 2
            assert distance > 0.08, (one, other, distance)


def test_notes_are_within_their_instruments(pieces: list[Composition]) -> None:
    for piece in pieces:
        for part in piece.score.parts:
            if part.role != "drums":
                low, high = part.instrument.low, part.instrument.high
                assert all(low <= n.pitch <= high for n in part.notes), (
                    piece.score.style.name,
                    part.instrument,
                )
            assert all(1 <= n.velocity <= 127 and n.length > 0 and n.start >= 0 for n in part.notes)


def test_melodies_follow_the_chords(pieces: list[Composition]) -> None:
    strong, weak, foreign, stepwise = [], [], 0, 0
    for piece in pieces:
        notes = melody(piece)
        for before, note in zip([None, *notes], notes, strict=False):
            inside = note.pitch % 12 in piece.score.chord_at(note.start).classes
            (strong if note.start % STRONG_BEATS[piece.score.style.metre] == 0 else weak).append(inside)
            assert note.pitch % 12 in piece.score.chord_at(note.start).scale
            if before and not inside:
                foreign += 1
                following = notes[notes.index(note) + 1 :][:1]
                stepwise += any(abs(note.pitch - other.pitch) <= 2 for other in [before, *following])
    assert sum(strong) / len(strong) >= 0.97
    assert 0.5 < sum(weak) / len(weak) < 0.95, "passing tones are wanted too"
    assert stepwise / foreign > 0.9


def test_pieces_resolve(pieces: list[Composition]) -> None:
    for piece in pieces:
        score = piece.score
        last, home = score.spans[-1], harmony.SCALES[score.mode]
        assert last.chord.root == score.tonic
        third = 4 if 4 in home else 3
        assert (score.tonic + 7 - third) % 12 not in last.chord.classes or len(last.chord.classes) > 3
        assert (score.tonic + third) % 12 in last.chord.classes or len(last.chord.classes) == 2
        lowest = min(
            (n for part in score.parts if part.role == "bass" for n in part.notes if n.start >= last.start),
            key=lambda n: n.pitch,
            default=None,
        )
        assert lowest is None or lowest.pitch % 12 == score.tonic
        final = max(melody(piece), key=lambda n: n.start)
        assert final.pitch % 12 == score.tonic and final.length == score.style.bar


def test_chords_cover_the_piece_and_the_bass_lies_below(pieces: list[Composition]) -> None:
    for piece in pieces:
        score = piece.score
        places = [span.start for span in score.spans]
        assert places[0] == 0 and all(
            s.start + s.length == p for s, p in zip(score.spans, [*places[1:], score.length], strict=True)
        )
        bass = [n for part in score.parts if part.role == "bass" for n in part.notes]
        if bass:
            roots = [
                n.pitch % 12 == score.chord_at(n.start).root
                for n in bass
                if span_at(score.spans, n.start).start == n.start
            ]
            assert all(roots)
            chords = [n.pitch for part in score.parts if part.role == "chords" for n in part.notes]
            if chords:
                assert sum(n.pitch for n in bass) / len(bass) < sum(chords) / len(chords) - 5


def test_voices_lead_smoothly() -> None:
    leaps = []
    for mode, symbols in (("major", "I vi ii V7 I IV V I"), ("minor", "i iv V7 i bVI bVII i")):
        previous = None
        for symbol in symbols.split():
            chord = harmony.chord(symbol, 2, mode)
            voices = harmony.voicing(chord, previous, 52, 74, 4)
            assert len(voices) == 4 and set(chord.classes) <= {v % 12 for v in voices}
            if previous:
                leaps += [abs(a - b) for a, b in zip(previous, voices, strict=True)]
            previous = voices
    assert max(leaps) <= 5 and sum(leaps) / len(leaps) < 2.5


def test_chords_read_numerals() -> None:
    assert harmony.chord("V7", 0, "minor").classes == (7, 11, 2, 5)
    assert harmony.chord("bVII", 0, "mixolydian").classes == (10, 2, 5)
    assert harmony.chord("ii", 0, "major", "seventh").classes == (2, 5, 9, 0)
    assert harmony.chord("Imaj7", 9, "major").classes == (9, 1, 4, 8)
    assert harmony.chord("V", 0, "minor").scale == (0, 2, 3, 5, 7, 8, 11), "harmonic minor over the dominant"
    assert harmony.chord("i", 0, "dorian").scale == harmony.SCALES["dorian"]


def test_motifs_come_back(pieces: list[Composition]) -> None:
    """Within a piece, bars of melody share rhythms far more than bars of different pieces do."""
    repeated = []
    for piece in pieces:
        bar = piece.score.style.bar
        bars: dict[int, list] = {}
        for note in melody(piece):
            bars.setdefault(int(note.start // bar), []).append(note.start % bar)
        rhythms = Counter(tuple(places) for places in bars.values())
        repeated.append(1 - len(rhythms) / sum(rhythms.values()))
    assert sum(repeated) / len(repeated) > 0.4


def test_performances_are_human_where_people_play(pieces: list[Composition]) -> None:
    for piece in pieces[:100]:
        starts = [event.start for event in piece.performance.events if event.start > 0]
        sixteenth = piece.score.seconds(1)
        stray = [abs(start / sixteenth - round(start / sixteenth)) * sixteenth for start in starts]
        if piece.score.style.timing == 0:
            assert max(stray) < 1e-6
        elif piece.score.style.swing == 0.5:
            assert 0.001 < sum(stray) / len(stray) < 0.03
        assert len({event.velocity for event in piece.performance.events}) > 8


def test_composing_is_deterministic() -> None:
    assert composition("5/1/0", 4) == composition("5/1/0", 4)
    assert composition("5/1/0", 4) != composition("5/1/1", 4)
