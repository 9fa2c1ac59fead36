"""A checkpoint whose told centres are divided by a label."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from listening import labelled_context
from safetensors.torch import load_file
from test_adopted import checkpoint

from nocturne_training import divide
from nocturne_training.checkpoint import fingerprint, load_module
from nocturne_training.config import load
from nocturne_training.divide import Shares
from nocturne_training.stages.labels import CHOICES, PLACES, complete
from nocturne_training.trainer.settings import Settings

__all__ = ["checkpoint"]


def profile(told: list[int], **labels: list[int]) -> torch.Tensor:
    """`labels.targets` of a clip for each told centre, which holds nothing else."""
    wanted = torch.zeros(len(told), len(PLACES), dtype=torch.long)
    for name, choices in labels.items():
        wanted[:, PLACES[name]] = torch.tensor(choices)
    return wanted


def test_shares_are_counted_by_centre() -> None:
    told = torch.tensor([[0, 0, 1], [1, 1, 2]])
    found = Shares.of(told, profile([0, 1], drums=[0, 1], tempo=[2, 1]), 4, "drums")
    assert found.counts.tolist() == [2, 3, 1, 0]
    assert torch.allclose(found.own[:3], torch.tensor([[1, 0], [1 / 3, 2 / 3], [0, 1]]), atol=1e-2)
    tempo = found.others.split([len(CHOICES[name]) for name in divide.WEIGHTS if name != "drums"], dim=1)[1]
    assert torch.allclose(tempo[:3].argmax(dim=1), torch.tensor([2, 1, 1]))
    assert torch.allclose(found.others[3, :1], torch.full((1,), 1 / len(CHOICES["lead_family"])))


def test_parts_lie_where_centres_of_their_choice_lie() -> None:
    torch.manual_seed(3)
    told = torch.arange(12)[:, None].expand(-1, 5)
    drums, family = (torch.arange(12) % 2), torch.arange(12) // 4
    found = Shares.of(
        told, profile([*range(12)], drums=drums.tolist(), lead_family=family.tolist()), 12, "drums"
    )
    beat, own = torch.randn(6), torch.randn(3, 6)
    rows = (own[family] + drums[:, None] * beat)[:, None] + torch.randn(4, 6)
    parts = found.divided(rows.flatten(0, 1)).view(12, 2, 4, 6)
    for centre in range(12):
        assert torch.allclose(parts[centre, drums[centre]], rows[centre], atol=0.02)
        assert torch.allclose(parts[centre, 1] - parts[centre, 0], beat.expand(4, -1), atol=0.1)


def test_parts_that_rows_do_not_tell_lie_apart_all_the_same() -> None:
    torch.manual_seed(4)
    told = torch.arange(40)[:, None].expand(-1, 5)
    tempo = torch.randint(3, (40,))
    found = Shares.of(told, profile([*range(40)], tempo=tempo.tolist()), 40, "tempo")
    rows = torch.randn(40, 16).repeat_interleave(4, dim=0)
    near, far = (found.divided(rows, apart).view(40, 3, 4, 16)[7, :, 0] for apart in (0.0, 2.0))
    reach = (rows - rows.mean(dim=0)).norm(dim=1).mean()
    assert F.pdist(near).min() < 0.6 * reach
    assert torch.isclose(F.pdist(far).min(), 2 * reach, rtol=1e-3)
    # In the same directions: as much farther as the nearest two.
    assert torch.allclose(F.pdist(far) / F.pdist(far).min(), F.pdist(near) / F.pdist(near).min(), rtol=1e-3)


@pytest.fixture
def divided(checkpoint: Path, tones: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(divide, "APART", 5.0)
    config, clips = load("tiny"), labelled_context(tmp_path, tones, Settings()).corpus.split("train")
    found = divide.shares(checkpoint, config, [clip for clip in clips if complete(clip)], 8, "tempo")
    assert found.counts.sum() == 250 * (len(clips) - 1)
    divide.divide(checkpoint, config, found, "tempo", tmp_path / "divided")
    return tmp_path / "divided"


def test_a_divided_checkpoint_has_rows_for_every_part(checkpoint: Path, divided: Path) -> None:
    config, whole = load(divided / "config.json"), load(checkpoint / "config.json")
    assert config.semantic_vocab == 3 * whole.semantic_vocab
    said = json.loads((divided / "manifest.json").read_text())["provenance"]
    assert (said["from"], said["divided"]) == (fingerprint(checkpoint), "tempo")
    for name in ("lm", "dpd", "tokenizer", "vae_decoder", "rvq"):
        load_module(divided, name)
    before, after = (load_file(path / "lm.safetensors") for path in (checkpoint, divided))
    first, count = whole.semantic_start, whole.semantic_vocab
    for key in ("embedding.weight", "head.weight"):
        assert torch.equal(after[key][:first], before[key][:first])
        assert torch.equal(after[key][first + 3 * count :], before[key][first + count :])
        rows = before[key][first : first + count].float().view(8, 1, 4, -1)
        moved = after[key][first : first + 3 * count].float().view(8, 3, 4, -1) - rows
        # All tokens of a part move alike.
        reach = (rows - rows.mean(dim=(0, 2))).norm(dim=3).mean()
        assert all(F.pdist(parts).min() > 4.9 * reach for parts in moved[:, :, 0])
        assert (moved - moved.mean(dim=2, keepdim=True)).abs().max() < 1e-2
    assert after["layers.0.ffn.up.weight"].dtype == torch.float16
    before, after = (load_file(path / "tokenizer.safetensors") for path in (checkpoint, divided))
    centres, parts = (tensors["kmeans.centers"].float() for tensors in (before, after))
    reach = (centres - centres.mean(dim=0)).norm(dim=1).mean()
    assert F.pdist(parts.view(8, 3, 4, -1)[0, :, 0]).min() < 3 * reach


def test_what_cannot_be_divided_is_said(
    checkpoint: Path, tones: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    given = ["--from", checkpoint, "--corpus", tones, "--by", "drums", "--out", tmp_path / "divided"]
    assert divide.main([str(word) for word in (*given, "--told", "7")]) == 1
    assert "--told 7: expected a divisor of the 32 tokens" in capsys.readouterr().err
    assert divide.main([str(word) for word in (*given, "--told", "8")]) == 1
    assert "no training clip has labels" in capsys.readouterr().err
