"""The language model guided by what its tokens tell."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import Mock

import pytest
import torch
from extraction import ALONE
from listening import captioned, labelled_context, named, stating_context
from resumption import assert_resumes
from test_requests import LABELS

from nocturne_training.config import load
from nocturne_training.models.lm import Lm
from nocturne_training.stages.captions import Words
from nocturne_training.stages.composed import Part, composed
from nocturne_training.stages.context import Context
from nocturne_training.stages.drawing import draw
from nocturne_training.stages.labels import CHOICES
from nocturne_training.stages.lmguided import LmGuidedTask
from nocturne_training.stages.requests import LEFT_OPEN, STATED, untold
from nocturne_training.trainer.errors import TrainingError
from nocturne_training.trainer.randomness import Draw, generator
from nocturne_training.trainer.settings import LmGuidedSettings, Settings
from nocturne_training.trainer.update import Update

GUIDED = LmGuidedSettings(
    steps=4,
    batch=2,
    composed=0,
    drawn=3,
    openings=3,
    opening=2,
    learning_rate=1e-3,
    checkpoint_every=2,
    validate_every=0,
)


def task(tunable: Path, tones: Path, **changes: object) -> LmGuidedTask:
    return LmGuidedTask(stating_context(tunable, tones, Settings(lmguided=replace(GUIDED, **changes))))


def draws(*indices: int, seed: int = 1) -> list[Draw]:
    return [Draw(index, generator(seed, index)) for index in indices]


def only(trained: LmGuidedTask, token: int, stated: int) -> None:
    """Makes one token alone tell the first family, and captions state it."""
    table = torch.full_like(trained.telling.tables["family"], -9.0)
    table[token, 0] = 0.0
    trained.telling.tables = {name: torch.zeros_like(t) for name, t in trained.telling.tables.items()}
    trained.telling.tables["family"] = table
    trained.drawn.stated[:, 0] = trained.asked.stated[:, 0] = stated


def test_it_begins_with_what_the_language_model_has_learned(tunable: Path, tones: Path) -> None:
    trained = task(tunable, tones)
    learned = Context(tunable, tones, load("tiny"), Settings(), ALONE).learned("lm", "lm").state_dict()
    for model in (trained.lm, trained.teacher):
        assert all(torch.equal(value, learned[key]) for key, value in model.state_dict().items())
    assert not any(parameter.requires_grad for parameter in trained.teacher.parameters())
    assert trained.exports().keys() == {"lm"}


def test_captions_that_state_something_are_drawn_for(tunable: Path, tones: Path) -> None:
    trained = task(tunable, tones)
    assert len(trained.asked.codes) == trained.examples == 6 and len(trained.drawn.codes) == 3
    assert trained.drawn.tokens.shape == (3, trained.config.clip_tokens)
    for row, place in enumerate(trained.places):
        assert trained.asked.stated[row, 0] == CHOICES["lead_family"].index(named(place)["lead_family"])
        assert torch.equal(trained.asked.codes[row], trained.clips.text_codes(place)[0])
    again = task(tunable, tones)
    assert torch.equal(again.drawn.tokens, trained.drawn.tokens)
    silent = stating_context(tunable, tones, Settings(lmguided=GUIDED))
    clips = [captioned(clip, "Something is heard.") for clip in silent.corpus.split("train")]
    vars(silent)["corpus"] = SimpleNamespace(split=lambda name: clips)
    with pytest.raises(TrainingError, match=r"states what labels tell; set lmguided\.steps to 0"):
        LmGuidedTask(silent)


@pytest.mark.parametrize("name", ["drawn", "openings", "opening"])
def test_some_of_everything_is_needed(tunable: Path, tones: Path, name: str) -> None:
    with pytest.raises(TrainingError, match=rf"^lmguided\.{name} 0: expected at least 1$"):
        task(tunable, tones, **{name: 0})


@pytest.mark.parametrize(("style", "asked"), [(0.0, 3), (0.5, 4)])
def test_captions_are_new_where_the_corpus_is_composed(
    tunable: Path, tones: Path, style: float, asked: int
) -> None:
    settings = Settings(lmguided=replace(GUIDED, composed=5, style_weight=style))
    context = labelled_context(tunable, tones, settings)
    clips = [replace(c, labels=LABELS) for c in context.corpus.split("train")]
    clips = [captioned(c, "A slow flute.") for c in clips]
    vars(context)["corpus"] = SimpleNamespace(split=lambda _: clips)
    trained, tower = LmGuidedTask(context), context.learned("mulan", "mulan_text")
    # The tokens do not name the mode, and are not asked for the style unless that is worth something.
    rest = [LEFT_OPEN] * (len(STATED) - asked)
    written = [(text, row[:asked]) for text, row in composed(Part(5, "reading/0"))]
    expected = [(text, row) for text, row in written if max(row) > LEFT_OPEN]
    assert trained.asked.stated.tolist() == [[*row, *rest] for _, row in expected]
    assert trained.telling.shares["style"] == style and any(row[-1] > LEFT_OPEN for _, row in expected)
    for codes, (text, _) in zip(trained.asked.codes, expected, strict=True):
        with torch.no_grad():
            vector = tower(*Words(context.config).ids([text]))
        assert torch.equal(codes, trained.rvq.encode(vector)[0])
    clips[:] = [replace(c, labels={k: v for k, v in LABELS.items() if k != "roles"}) for c in clips]
    assert len(LmGuidedTask(context).asked.codes) == 8


def test_a_batch_has_whole_clips_and_captions_to_open_for(tunable: Path, tones: Path) -> None:
    trained = task(tunable, tones, own_share=0.0, blur=0.0)
    batch, again = (trained.batch(draws(1, 3)) for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(batch.clips, again.clips, strict=True))
    drawn = {tuple(row.tolist()) for row in trained.drawn.tokens}
    assert {tuple(row.tolist()) for row in batch.clips.tokens} <= drawn and len(batch.clips.tokens) == 2
    known = {(*codes.tolist(), *stated.tolist()) for codes, stated in zip(*trained.asked, strict=True)}
    found = {(*codes.tolist(), *stated.tolist()) for codes, stated in zip(*batch.openings, strict=True)}
    assert batch.openings.stated.shape == (6, len(STATED)) and len(found) > 1 and found <= known
    # What an example draws does not depend on those beside it.
    (first, second) = (trained.batch(draws(index)) for index in (1, 3))
    for both, one, other in zip(batch, first, second, strict=True):
        for whole, *parts in zip(
            *(x if isinstance(x, tuple) else (x,) for x in (both, one, other)), strict=True
        ):
            assert torch.equal(whole, torch.cat(parts))
    own = task(tunable, tones, own_share=1.0).batch(draws(1, 3))
    for row, place in enumerate((2, 5)):
        assert torch.equal(own.clips.tokens[row], trained.clips.tokens(place))
        assert torch.equal(own.clips.codes[row], trained.clips.text_codes(place)[0])
        assert tuple(own.clips.stated[row].tolist()) == trained.requests[place][0].wanted


def test_codes_are_read_blurred(tunable: Path, tones: Path) -> None:
    trained = task(tunable, tones, blur=1.5)
    books = torch.nn.functional.normalize(torch.randn(trained.rvq.codebooks.shape), dim=-1)
    trained.rvq.codebooks.data = books * 0.5 ** torch.arange(len(books))[:, None, None]
    vectors = torch.nn.functional.normalize(torch.randn(200, trained.config.mulan.dim), dim=1)
    codes = trained.rvq.encode(vectors)
    found = trained.blurred(codes, generator(1, "a"))
    assert torch.equal(found, trained.blurred(codes, generator(1, "a"))) and found.dtype == codes.dtype
    same = (found == codes).float().mean(dim=0)
    assert float(same[0]) > 0.5 and float(same[-1]) < min(0.9, float(same[0]))


def test_the_divergence_is_that_from_the_guided_model(tunable: Path, tones: Path) -> None:
    """Behind the captions' codes; the student reads others."""
    trained = task(tunable, tones)
    known = trained.drawn
    read = (known.codes + 1) % trained.config.rvq.codes
    span = slice(trained.config.semantic_start, trained.config.bos)
    with torch.no_grad():
        strayed, chances = trained.strayed(known, read)
        own = trained.logits(read, known.tokens)[..., span].log_softmax(dim=-1)
        guided = trained.logits(known.codes, known.tokens)[..., span]
        guided = (guided + trained.telling.bonus(known.stated)[:, None]).log_softmax(dim=-1)
    expected = (guided.exp() * (guided - own)).sum(dim=-1).mean()
    assert float(strayed) == pytest.approx(float(expected), rel=1e-4) and float(strayed) > 1e-3
    assert torch.allclose(chances, own.exp(), atol=1e-6)
    open_ = known._replace(stated=torch.full_like(known.stated, -1))
    assert float(trained.strayed(open_, known.codes)[0].detach()) == pytest.approx(0.0, abs=1e-6)


def learned_from(trained: LmGuidedTask, steps: int) -> list[dict[str, float]]:
    """The metrics of so many steps with one batch."""
    batch, metrics = trained.batch(draws(0, 1)), []
    update = Update("lmguided", trained.settings, trained.groups, ALONE)
    for step in range(steps):
        found = trained.optimise(batch, step, update)
        metrics.append({name: float(value.detach()) for name, value in found.items()})
    return metrics


def share(lm: Lm, trained: LmGuidedTask, token: int) -> float:
    """Of a token among those drawn for the captions."""
    return float((draw(lm, trained.asked.codes, 12) == token).float().mean())


def test_the_student_learns_what_the_guided_model_would_draw(tunable: Path, tones: Path) -> None:
    trained = task(tunable, tones, own_share=0.0, told_weight=0.0)
    only(trained, token=7, stated=0)
    metrics = learned_from(trained, 60)
    assert metrics[-1]["loss"] < 0.2 * metrics[0]["loss"]
    assert metrics[-1]["told"] > metrics[0]["told"] + 0.7
    assert share(trained.lm, trained, 7) > 0.7 > 0.3 > share(trained.teacher, trained, 7)


def test_the_student_tells_what_is_stated_as_often_as_it_can(tunable: Path, tones: Path) -> None:
    """Where one token tells a little more than the others, the guided model prefers it a little."""
    found = []
    for told_weight in (0.0, 100.0):
        trained = task(tunable, tones, own_share=0.0, told_weight=told_weight)
        only(trained, token=7, stated=0)
        trained.telling.tables["family"].clamp_(min=-0.7)
        metrics = learned_from(trained, 60)
        found.append(share(trained.lm, trained, 7))
        assert (metrics[-1]["told"] > metrics[0]["told"] + 0.3) == (told_weight > 0)
    assert found[0] < 0.3 < 0.9 < found[1]


def test_captions_are_read_beside(tunable: Path, tones: Path) -> None:
    trained, without = task(tunable, tones, read=2), task(tunable, tones)
    batch, other = (one.batch(draws(0, 1)) for one in (trained, without))
    known = {tuple(row.tolist()) for row in trained.asked.stated}
    assert batch.read.codes.shape == (4, trained.config.rvq.quantizers) and len(other.read.codes) == 0
    assert {tuple(row.tolist()) for row in batch.read.stated} <= known
    sharp = task(tunable, tones, read=2, blur=0.0).batch(draws(0, 1)).read.codes
    codes = trained.rvq.encode(torch.nn.functional.normalize(trained.rvq.decode(trained.asked.codes), dim=1))
    assert {tuple(row.tolist()) for row in sharp} <= {tuple(row.tolist()) for row in codes}
    assert all(torch.equal(a, b) for a, b in zip(batch.openings, other.openings, strict=True))
    assert torch.equal(batch.openings_read, other.openings_read)
    with torch.no_grad():
        unread, first = trained.reading(batch.read)
        state = trained.lm.hidden(trained.lm.prefix(batch.read.codes))[:, -1]
        span = slice(trained.config.semantic_start, trained.config.bos)
        chances = trained.lm.head(state)[:, span].softmax(dim=-1)
        assert float(unread) == pytest.approx(float(untold(trained.teller(state), batch.read.stated)))
    likely = trained.telling.likely(chances[:, None], batch.read.stated)
    assert float(first) == pytest.approx(float(likely), rel=1e-5)
    assert {"unread", "first"} <= learned_from(trained, 1)[0].keys()
    assert not {"unread", "first"} & learned_from(without, 1)[0].keys()


@pytest.mark.parametrize(("told", "read"), [(10.0, 0.0), (0.0, 10.0)])
def test_what_is_read_is_told_first_and_stands_in_the_state(
    tunable: Path, tones: Path, told: float, read: float
) -> None:
    trained = task(tunable, tones, own_share=0.0, read=4, told_weight=told, read_weight=read)
    only(trained, token=7, stated=0)
    trained.telling.tables["family"].clamp_(min=-0.7)
    trained.strayed = lambda known, codes: (
        trained.lm.head.weight.sum() * 0.0,
        torch.zeros(*known.tokens.shape, trained.config.semantic_vocab),
    )
    metrics = learned_from(trained, 40)
    assert (metrics[-1]["first"] > metrics[0]["first"] + 0.3) == (told > 0)
    assert (metrics[-1]["unread"] < 0.2 * metrics[0]["unread"]) == (read > 0)


def test_openings_are_those_that_the_student_draws_of_what_it_reads(
    tunable: Path, tones: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained, seen = task(tunable, tones, opening=3), []
    batch, strayed = trained.batch(draws(0, 1)), trained.strayed
    trained.lm.head.weight.data.neg_()
    monkeypatch.setattr(trained, "strayed", lambda *known: seen.append(known) or strayed(*known))
    torch.manual_seed(3)
    trained.optimise(batch, 0, Mock())
    torch.manual_seed(3)
    expected = draw(trained.lm, batch.openings_read, 3)
    (_, read), (known, read_openings) = seen
    assert read is batch.clips_read and read_openings is batch.openings_read
    assert torch.equal(known.tokens, expected) and known.tokens.shape == (6, 3)
    assert known.codes is batch.openings.codes and known.stated is batch.openings.stated


def test_the_guided_model_draws_what_is_stated(tunable: Path, tones: Path) -> None:
    trained = task(tunable, tones)
    only(trained, token=7, stated=0)
    assert float((trained._drawn(trained.asked).tokens == 7).float().mean()) > 0.9
    trained.asked.stated[:] = -1
    free, again = (trained._drawn(trained.asked).tokens for _ in range(2))
    assert float((free == 7).float().mean()) < 0.5 and torch.equal(again, free)


def test_validation_tells_how_often_drawn_tokens_tell_what_is_stated(tunable: Path, tones: Path) -> None:
    trained = task(tunable, tones, validation_clips=4)
    only(trained, token=7, stated=0)
    trained.lm.eval()
    with torch.no_grad():
        found, again = trained.validate(), trained.validate()
    assert found == again and {"loss", "told_lead_family", "told_tempo"} <= set(found)
    assert "told_drums" not in found and all(math.isfinite(value) for value in found.values())
    families = [CHOICES["lead_family"].index(named(number)["lead_family"]) for number in range(4)]
    trained.telling.tables["family"] = torch.zeros_like(trained.telling.tables["family"])
    trained.telling.tables["family"][:, 0] = 1.0
    with torch.no_grad():
        assert trained.validate()["told_lead_family"] == pytest.approx(families.count(0) / 4)


def test_resumed_equals_uninterrupted_bit_for_bit(tunable: Path, tones: Path, tmp_path: Path) -> None:
    assert_resumes(lambda: task(tunable, tones), tmp_path)
