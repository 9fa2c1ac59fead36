"""The MuLan trainer (1.1, 1.2)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from resumption import ALONE, assert_resumes
from safetensors.torch import load_file
from torch import Tensor

from nocturne_training.config import Config, External, load
from nocturne_training.corpus.dataset import Caption, Corpus
from nocturne_training.models.modules import build
from nocturne_training.stages import banks, captions, context, mulan, reading
from nocturne_training.stages.banks import FilterBanks
from nocturne_training.stages.captions import Words, known, number, pick
from nocturne_training.stages.context import Context
from nocturne_training.stages.mulan import MulanTask
from nocturne_training.stages.weights import write
from nocturne_training.trainer.errors import TrainingError
from nocturne_training.trainer.randomness import Draw, generator
from nocturne_training.trainer.settings import MulanSettings, Settings
from nocturne_training.trainer.update import Update
from nocturne_training.vocabulary import tiny_vocabulary

TINY, CPU = load("tiny"), torch.device("cpu")
MULAN = MulanSettings(steps=6, batch=4, learning_rate=2e-3, checkpoint_every=2)


def place(tones: Path, run: Path | None = None, config: Config = TINY, **changes: object) -> Context:
    return Context(
        run or tones.parent / "run", tones, config, Settings(mulan=replace(MULAN, **changes)), ALONE
    )


def seven(trained: MulanTask) -> mulan.Pairs:
    return trained.batch([Draw(index, generator(index)) for index in range(7)])


@pytest.mark.parametrize("decoupled", [False, True])
def test_one_batch_is_overfitted(tones: Path, decoupled: bool) -> None:
    rate = 5e-4 if decoupled else 2e-3
    trained = MulanTask(place(tones, steps=100, warmup=5, learning_rate=rate, decoupled=decoupled))
    update = Update("mulan", trained.settings, trained.groups, ALONE)
    batch, losses = seven(trained), []
    for step in range(100):
        update.step = step
        losses.append(trained.optimise(batch, step, update))
    # Seven pairs: log 7 = 1.9 by chance, log 12 = 2.5 decoupled, whose own loss has no floor at zero.
    assert float(losses[0]["loss"].detach()) > 1.5
    assert float(losses[-1]["loss"].detach()) < (-5.0 if decoupled else 0.02)
    assert float(losses[-1]["accuracy"]) == 1.0
    assert float(losses[-1]["tau"]) < 0.07


def test_killed_and_resumed_equals_undisturbed(tones: Path, tmp_path: Path) -> None:
    assert_resumes(lambda: MulanTask(place(tones, time_masks=1, time_mask_frames=8)), tmp_path)


def test_temperature_is_held(tones: Path) -> None:
    trained = MulanTask(place(tones, tau=0.005))
    trained.optimise(seven(trained), 0, Update("mulan", trained.settings, trained.groups, ALONE))
    vectors = torch.eye(2)
    assert torch.allclose(trained.temperature(vectors, vectors), 100 * torch.eye(2), rtol=1e-4)


def test_equal_captions_and_equal_clips_are_no_opposites(tones: Path) -> None:
    trained = MulanTask(place(tones))
    # Clips 0 and 7 repeat the same note under the same caption.
    pairs = trained.batch([Draw(index, generator(1)) for index in (0, 7, 1, 1)])
    same = trained._same(pairs.texts, pairs.clips)
    assert same.int().tolist() == [[1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 1, 1], [0, 0, 1, 1]]


def test_validation_ranks_held_out_clips(tones: Path) -> None:
    trained = MulanTask(place(tones))
    vectors = torch.nn.functional.normalize(torch.randn(4, 32), dim=-1)
    numbers = iter(range(4))

    def perfect(pairs: mulan.Pairs, _: object) -> tuple[Tensor, Tensor]:
        rows = torch.stack([vectors[next(numbers)] for _ in pairs.texts])
        return rows, rows

    trained.embed = perfect
    with torch.no_grad():
        figures = trained.validate()
    for name in ("text", "audio"):
        assert figures[f"{name}_recall_1"] == figures[f"{name}_recall_10"] == figures[f"{name}_rank"] == 1
    assert figures["shuffled_recall_1"] == 0 and figures["shuffled_recall_10"] == 1
    numbers = iter([0] * 4)
    with torch.no_grad():
        collapsed = trained.validate()
    assert collapsed["text_recall_1"] == 0 and collapsed["text_rank"] == 4


def test_banks_are_those_of_the_tower_whether_kept_or_not(tones: Path) -> None:
    clips = Corpus.open(tones).split("train")
    keeping, forgetting = FilterBanks(TINY, 100, CPU), FilterBanks(TINY, 0, CPU)
    draws = [(0, 3), (1, 4), (0, 3)]
    rows = [
        store.drawn(clips, [Draw(i, generator(s)) for i, s in draws], MULAN)
        for store in (keeping, forgetting)
    ]
    assert torch.equal(*rows) and torch.equal(rows[0][0], rows[0][2])
    assert not forgetting.kept._kept and keeping.kept.room == 100_000_000 - 2 * 998 * 32 * 2
    tower = build("mulan_audio", TINY).eval()
    with torch.no_grad():
        audio = torch.from_numpy(clips[0].audio())[None]
        assert torch.allclose(tower.embed(keeping.fitted(clips[0])[None].float()), tower(audio), atol=1e-3)


def test_crops_begin_anywhere_in_the_clip(tones: Path) -> None:
    clips, store = Corpus.open(tones).split("train"), FilterBanks(TINY, 10, CPU)
    whole = store.whole(clips[0]).float().unfold(0, 64, 1).transpose(1, 2)
    starts = []
    for seed in range(30):
        (bank,) = store.drawn(clips, [Draw(0, generator(seed))], MULAN)
        (found,) = (whole == bank).all(dim=(1, 2)).nonzero()[:, 0].tolist()
        starts.append(found)
    assert min(starts) < 150 and max(starts) > 780 and len(set(starts)) > 20


def test_a_clip_shorter_than_the_tower_is_padded_with_its_silence(tones: Path) -> None:
    clip = replace(Corpus.open(tones).split("train")[0], duration=0.2)
    bank = FilterBanks(TINY, 1, CPU).fitted(clip, generator(1)).float()
    assert bank.shape == (64, 32)
    assert (
        torch.equal(bank[18:], torch.full((46, 32), banks._SILENT).half().float()) and bank[:18].std() > 0.05
    )


def test_masks_zero_whole_frames_and_bands(tones: Path) -> None:
    clips = Corpus.open(tones).split("train")
    masked = replace(MULAN, time_masks=1, time_mask_frames=20, band_masks=1, band_mask_bands=10)
    store, seen = FilterBanks(TINY, 10, CPU), [0, 0]
    for seed in range(20):
        (bank,) = store.drawn(clips, [Draw(0, generator(seed))], masked)
        (plain,) = store.drawn(clips, [Draw(0, generator(seed))], MULAN)
        rows, columns = (bank == 0).all(1), (bank == 0).all(0)
        seen = [max(seen[0], int(rows.sum())), max(seen[1], int(columns.sum()))]
        assert torch.equal(bank, plain.masked_fill(rows[:, None] | columns, 0.0))
    assert 10 < seen[0] <= 20 and 5 < seen[1] <= 10


def test_a_mask_is_one_run_of_any_width_at_any_place() -> None:
    masks = banks._masks(12, 1, 4, [Draw(0, generator(seed)) for seed in range(400)])
    assert {int(width) for width in masks.sum(1)} == {0, 1, 2, 3, 4}
    edges = torch.nn.functional.pad(masks, (1, 1)).int().diff(dim=1)
    assert set(edges.clamp(min=0).sum(1).tolist()) == {0, 1}
    assert masks[:, 0].any() and masks[:, -1].any()
    assert not banks._masks(12, 0, 4, [Draw(0, generator(1))]).any()


def test_captions_are_drawn_among_those_not_held_out(tones: Path) -> None:
    clip = Corpus.open(tones).split("train")[0]
    written = [Caption(text, "sentences", text == "c") for text in "abc"]
    clip = replace(clip, captions=tuple(written))
    assert known(clip) == ["a", "b"] and known(replace(clip, captions=tuple(written[2:]))) == ["c"]
    assert {pick(clip, generator(seed)) for seed in range(20)} == {"a", "b"}
    assert number("a") == number("a") != number("b") and 0 <= number("a") < 2**63


def test_a_corpus_without_captions_is_refused(tones: Path) -> None:
    silent = place(tones)
    clips = tuple(replace(clip, captions=()) for clip in silent.corpus.split("train"))
    silent.corpus.clips["train"] = clips
    with pytest.raises(TrainingError, match="no training clip has a caption"):
        MulanTask(silent)


def test_padding_does_not_change_what_a_text_gives() -> None:
    words, tower = Words(TINY), build("mulan_text", TINY).eval()
    texts = ["a tone", "a slow song with piano and drums in a large hall, calm"]
    table = words.table(texts, tower, torch.device("cpu"))
    for text in texts:
        ids, mask = words.ids([text])
        assert mask.all()
        with torch.no_grad():
            assert torch.allclose(table[text], tower(ids, mask)[0], atol=1e-5)


def external(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Config, dict[str, Tensor]]:
    """`tiny` with the encoder of a package, which is that of an untrained tower."""
    bert = replace(TINY.mulan.bert, external=External("a-package", "1", "0", "0"))
    encoder = {
        f"bert.{key}": value.clone() for key, value in build("mulan_text", TINY).bert.state_dict().items()
    }
    (tmp_path / "vocab.txt").write_text("".join(f"{entry}\n" for entry in tiny_vocabulary()))
    monkeypatch.setattr(mulan, "external_tensors", lambda _: encoder)
    monkeypatch.setattr(reading, "external_tensors", lambda _: encoder)
    monkeypatch.setattr(context, "external_tensors", lambda _: encoder)
    monkeypatch.setattr(captions, "external_file", lambda *_: tmp_path / "vocab.txt")
    return replace(TINY, mulan=replace(TINY.mulan, bert=bert)), encoder


def test_an_external_encoder_stays_and_is_not_written(
    tones: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config, encoder = external(tmp_path, monkeypatch)
    trained = MulanTask(place(tones, tmp_path, config))
    update = Update("mulan", trained.settings, trained.groups, ALONE)
    batch = seven(trained)
    assert batch.mask is None and batch.words.shape == (7, 64)
    before = trained.text.projection.weight.detach().clone()
    for step in range(2):
        trained.optimise(batch, step, update)
    assert not torch.equal(before, trained.text.projection.weight)
    assert all(torch.equal(trained.text.state_dict()[key], value) for key, value in encoder.items())
    assert "bert" not in " ".join(trained.modules["mulan_text"].state_dict())
    (tmp_path / "mulan").mkdir()
    path = write(tmp_path / "mulan", "mulan_text", trained.exports()["mulan_text"])
    assert set(load_file(path)) == {"projection.weight", "projection.bias"}
    text = place(tones, tmp_path, config).learned("mulan", "mulan_text")
    ids, mask = trained.reader.words.ids(["a tone"])
    assert torch.equal(text(ids, mask), trained.text.eval()(ids, mask))
    named = trained.clips[0].captions[0].text
    with torch.no_grad():
        ids, mask = trained.reader.words.ids([named])
        alone = text(ids, mask)[0]
    assert torch.allclose(trained.reader.vectors([named], trained.text)[named], alone, atol=1e-5)


def test_captions_are_read_once_by_an_external_encoder(
    tones: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config, _ = external(tmp_path, monkeypatch)
    states = reading.Reader(place(tones, tmp_path, config)).states
    # 8 training clips and 4 held-out ones, twice, of seven notes.
    assert len(states) == 7 and all(state.shape == (TINY.mulan.bert.dim,) for state in states.values())
    (path,) = (tmp_path / "captions").iterdir()
    monkeypatch.setattr(reading, "external_tensors", lambda _: pytest.fail("read again"))
    again = reading.Reader(place(tones, tmp_path, config)).states
    assert again.keys() == states.keys()
    assert all(torch.equal(again[text], state) for text, state in states.items())
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(pytest.fail.Exception, match="read again"):
        _ = reading.Reader(place(tones, tmp_path, config)).states
