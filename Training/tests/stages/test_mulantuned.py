"""The text tower tuned for what the codes of captions tell."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from extraction import ALONE
from listening import captioned, named, stating_context
from resumption import assert_resumes
from test_requests import LABELS

from nocturne_training.config import load
from nocturne_training.stages.captions import Words
from nocturne_training.stages.composed import Part, composed
from nocturne_training.stages.context import Context
from nocturne_training.stages.labels import CHOICES
from nocturne_training.stages.mulantuned import Captions, MulanTunedTask
from nocturne_training.stages.registry import stage_of
from nocturne_training.stages.requests import SIZES, untold
from nocturne_training.trainer.errors import TrainingError
from nocturne_training.trainer.randomness import Draw, generator
from nocturne_training.trainer.settings import MulanTunedSettings, Settings
from nocturne_training.trainer.update import Update

TUNED = MulanTunedSettings(steps=4, batch=3, learning_rate=1e-2, checkpoint_every=2, validate_every=0)


def task(tunable: Path, tones: Path, **changes: object) -> MulanTunedTask:
    return MulanTunedTask(stating_context(tunable, tones, Settings(mulantuned=replace(TUNED, **changes))))


def draws(*indices: int) -> list[Draw]:
    return [Draw(index, generator(1, index)) for index in indices]


def learn(trained: MulanTunedTask, batch: Captions, steps: int) -> list[dict[str, float]]:
    update = Update("mulantuned", trained.settings, trained.groups, ALONE)
    found = [trained.optimise(batch, step, update) for step in range(steps)]
    return [{name: float(value.detach()) for name, value in one.items()} for one in found]


def test_captions_are_those_that_state_something(tunable: Path, tones: Path) -> None:
    """Where they are in the joint space is where MuLan put them."""
    trained = task(tunable, tones)
    context, places = stating_context(tunable, tones, Settings()), (0, 2, 3, 5, 6, 7)
    assert trained.examples == len(places)
    batch, words = trained.batch(draws(1, 3)), Words(load("tiny"))
    tower = context.learned("mulan", "mulan_text")
    for row, place in enumerate((places[1], places[3])):
        family, drums, tempo, style, quality = batch.stated[row].tolist()
        assert family == CHOICES["lead_family"].index(named(place)["lead_family"])
        assert drums == style == quality == -1
        assert tempo == (CHOICES["tempo"].index(named(place)["tempo"]) if place % 2 else -1)
        with torch.no_grad():
            alone = tower(*words.ids([context.corpus.split("train")[place].captions[0].text]))[0]
        assert torch.allclose(batch.before[row], alone, atol=1e-5)
        assert torch.allclose(trained.embed(batch.states)[row], alone, atol=1e-5)


def test_captions_are_written_beside_those_of_a_composed_corpus(tunable: Path, tones: Path) -> None:
    def trained(**left_out: None) -> MulanTunedTask:
        context = stating_context(tunable, tones, Settings(mulantuned=replace(TUNED, composed=5)))
        some = {key: value for key, value in LABELS.items() if key not in left_out}
        clips = [replace(captioned(clip, "A flute."), labels=some) for clip in context.corpus.split("train")]
        vars(context)["corpus"] = SimpleNamespace(split=lambda _: clips)
        return MulanTunedTask(context)

    one, tower = (
        trained(),
        Context(tunable, tones, load("tiny"), Settings(), ALONE).learned("mulan", "mulan_text"),
    )
    new = [(text, row[:3]) for text, row in composed(Part(5, "reading/0")) if max(row[:3]) > -1]
    assert one.examples == 8 + len(new) and len(one.held_out.states) == 8
    assert one.captions.stated[8:].tolist() == [[*row, -1, -1] for _, row in new]
    with torch.no_grad():
        alone = tower(*Words(load("tiny")).ids([new[-1][0]]))[0]
    assert torch.allclose(one.batch(draws(one.examples - 1)).before[0], alone, atol=1e-5)
    assert trained(roles=None).examples == 8


def test_the_mode_is_told_where_tokens_name_it(
    tunable: Path, tones: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def modes() -> set[int]:
        context = stating_context(tunable, tones, Settings(mulantuned=TUNED))
        major = {"mode": "major", "quality": "major", "key": "C"}
        leads = [named(n)["lead"].replace("_", " ") for n in range(8)]
        clips = [
            replace(captioned(clip, f"A {leads[n]} in C major."), labels=named(n) | major)
            for n, clip in enumerate(context.corpus.split("train"))
        ]
        vars(context)["corpus"] = SimpleNamespace(split=lambda _: clips)
        trained = MulanTunedTask(context)
        assert torch.equal(trained.captions.stated[:, -1].unique(), trained.held_out.stated[:, -1].unique())
        return set(trained.captions.stated[:, -1].tolist())

    assert modes() == {-1}
    monkeypatch.setattr(Context, "tells_mode", True)
    assert modes() == {CHOICES["quality"].index("major")}


def test_an_encoder_that_a_package_carries_has_read_them_before(tunable: Path, tones: Path) -> None:
    reader = task(tunable, tones).reader
    reader.config = SimpleNamespace(mulan=SimpleNamespace(bert=SimpleNamespace(external=object())))
    vars(reader)["states"] = {"a": torch.ones(2), "b": torch.zeros(2)}
    assert reader.encoded(["b"], None).keys() == {"b"} and not reader.encoded(["b"], None)["b"].any()


def test_only_the_projection_learns(tunable: Path, tones: Path) -> None:
    trained = task(tunable, tones)
    before = {key: value.clone() for key, value in trained.text.state_dict().items()}
    codebooks = trained.rvq.codebooks.clone()
    learn(trained, trained.batch(draws(0, 1, 2)), 2)
    changed = {key for key, value in trained.text.state_dict().items() if not value.equal(before[key])}
    assert changed == {"projection.weight", "projection.bias"}
    assert torch.equal(trained.rvq.codebooks, codebooks)
    assert trained.exports() == {"mulan_text": trained.text}


def test_codes_of_one_batch_come_to_tell_what_it_states(tunable: Path, tones: Path) -> None:
    """By way of the projection: what tells is taken from the codes, and stays as it was."""
    trained = task(tunable, tones, keep_weight=0.0, code_weight=0.0)
    batch = trained.batch(draws(0, 1, 2, 3, 4, 5))
    learn(trained, batch, 40)

    def error() -> float:
        with torch.no_grad():
            codes = trained.rvq.encode(trained.embed(batch.states))
            return float(untold(trained.told(trained.rvq.decode(codes)), batch.stated))

    trained.teller.requires_grad_(False)
    first, kept = error(), {key: value.clone() for key, value in trained.teller.state_dict().items()}
    trained.text.projection.reset_parameters()
    moved = error()
    update = Update(
        "mulantuned", trained.settings, {"mulan": list(trained.text.projection.parameters())}, ALONE
    )
    for step in range(150):
        trained.optimise(batch, step, update)
    assert all(torch.equal(value, kept[key]) for key, value in trained.teller.state_dict().items())
    assert first < 0.5 and moved > 2.0 and error() < 0.5 * moved


def test_weights_keep_captions_where_they_were_and_near_their_codes(tunable: Path, tones: Path) -> None:
    ends = {}
    for name in ("keep_weight", "code_weight"):
        for weight in (0.0, 300.0):
            weights = {"keep_weight": 0.0, "code_weight": 0.0, name: weight}
            trained = task(tunable, tones, **weights)
            ends[name, weight] = learn(trained, trained.batch(draws(0, 1, 2, 3)), 30)[-1]
    assert ends["keep_weight", 300.0]["moved"] < 0.1 * ends["keep_weight", 0.0]["moved"]
    assert ends["code_weight", 300.0]["coarse"] < 0.8 * ends["code_weight", 0.0]["coarse"]


def test_validation_counts_what_codes_of_held_out_captions_tell(tunable: Path, tones: Path) -> None:
    trained = task(tunable, tones)
    with torch.no_grad():
        first = trained.validate()
    assert first["cosine"] == pytest.approx(1.0, abs=1e-5)
    assert first.keys() == {"cosine", "codes_lead_family", "codes_tempo"}
    seen = []

    def told(vectors: torch.Tensor) -> list[torch.Tensor]:
        seen.append(vectors)
        return [torch.eye(size)[torch.zeros(len(vectors), dtype=torch.long)] for size in SIZES]

    trained.told = told
    learn_from = trained.text.projection
    with torch.no_grad():
        learn_from.weight.add_(torch.randn_like(learn_from.weight))
        found = trained.validate()
    families = [CHOICES["lead_family"].index(named(number)["lead_family"]) for number in range(4)]
    assert found["codes_lead_family"] == pytest.approx(families.count(0) / 4)
    assert found["codes_tempo"] == pytest.approx([number % 3 for number in (1, 3)].count(0) / 2)
    assert math.isfinite(found["cosine"]) and found["cosine"] < 0.99
    (vectors,) = seen
    codes = trained.rvq.encode(trained.embed(trained.held_out.states))
    assert torch.equal(vectors, trained.rvq.decode(codes))


def test_captions_are_extracted_by_the_tuned_tower() -> None:
    assert stage_of(Settings(), "extract").source("mulan_text") == "mulan"
    tuned = stage_of(Settings(mulantuned=TUNED), "extract")
    assert tuned.source("mulan_text") == "mulantuned" and tuned.source("mulan_audio") == "mulan"
    with pytest.raises(TrainingError, match=r"^mulantuned: left out by these settings"):
        stage_of(Settings(), "mulantuned")


def test_captions_that_state_nothing_are_refused(tunable: Path, tones: Path) -> None:
    silent = stating_context(tunable, tones, Settings(mulantuned=TUNED))
    clips = [captioned(clip, "Something is heard.") for clip in silent.corpus.split("train")]
    vars(silent)["corpus"] = SimpleNamespace(split=lambda name: clips)
    with pytest.raises(
        TrainingError, match=r"no training caption states what labels tell; set mulantuned.steps to 0"
    ):
        MulanTunedTask(silent)


def test_resumed_equals_uninterrupted_bit_for_bit(tunable: Path, tones: Path, tmp_path: Path) -> None:
    assert_resumes(lambda: task(tunable, tones), tmp_path)


def test_it_begins_with_what_mulan_has_learned(tunable: Path, tones: Path) -> None:
    learned = Context(tunable, tones, load("tiny"), Settings(), ALONE).learned("mulan", "mulan_text")
    state = task(tunable, tones).text.state_dict()
    assert all(torch.equal(value, state[key]) for key, value in learned.state_dict().items())
