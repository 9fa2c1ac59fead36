"""`python -m nocturne_training.divide --from CHECKPOINT --corpus CORPUS --by LABEL --out DIR`: a checkpoint
in which each told centre of another one is divided by a label (`kmeans.dividedBy`), for trainings that go on
from it.

What reads or writes a token begins for each part with what it had for the whole, moved along the direction in
which rows of centres differ as their share of the label's choices does. Where that is hardly a difference,
since tokens did not tell the label, networks are given one that they can hear. Letters: C told centres, R
others, P parts, D width, N clips, T tokens of a clip, S shares.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from . import checkpoint
from .checkpoint import CheckpointError
from .config import Config, load
from .corpus.dataset import Clip, Corpus, CorpusError
from .models.modules import BUILDERS, build
from .stages.clips import batches, whole
from .stages.labels import CHOICES, PLACES, complete, targets
from .stages.told_centres import WEIGHTS
from .trainer.errors import TrainingError

MOST_TOKENS = 1 << 15
"""That 16 bits can number (`stages/tensors.py`)."""
LIKENESS = 0.05
"""Of the ridge, as a share of the weight that a centre has on average."""
APART = 0.5
"""How far parts of a centre lie from each other at least, as a share of how far rows lie from their mean:
from here a diffusion network learned to tell modes in 120 steps, which tokens had not told."""
ROWS = {
    "lm": ("embedding.weight", "head.weight"),
    "dpd": ("semantic.table.weight",),
    "tokenizer": ("kmeans.centers",),
}
"""Tensors that have a row for each semantic token. The tokenizer's are what it hears: it is given nothing."""


@dataclass(frozen=True)
class Shares:
    """How many frames belong to each told centre [C], and which share of them to clips of each choice of the
    label that divides [C, P] and of the other labels that centres tell [C, S]"""

    counts: Tensor
    own: Tensor
    others: Tensor

    @staticmethod
    def of(told: Tensor, wanted: Tensor, count: int, label: str) -> Shares:
        """Told centres [N, T] of clips, and their `labels.targets` [N, labels + families]"""
        tables = {}
        for name in dict.fromkeys((*WEIGHTS, label)):
            choices = wanted[:, PLACES[name], None].expand_as(told)
            places = (told * len(CHOICES[name]) + choices).flatten()
            table = torch.bincount(places, minlength=count * len(CHOICES[name])).view(count, -1).float()
            tables[name] = (table + 1e-3) / (table + 1e-3).sum(dim=1, keepdim=True)
        own = tables.pop(label)
        counts = torch.bincount(told.flatten(), minlength=count).float()
        return Shares(counts, own, torch.cat(list(tables.values()), dim=1))

    def directions(self, rows: Tensor) -> Tensor:
        """Means of the rows of each centre [C, D] -> how they differ with the share of each choice [P, D], by
        ridge regression on all shares, whose penalty spares the label's own"""
        known = torch.cat((self.others, torch.ones(len(rows), 1), self.own[:, 1:]), dim=1)
        weights = self.counts.sqrt()[:, None]
        penalty = torch.full((known.shape[1],), LIKENESS)
        penalty[self.others.shape[1] :] = 1e-3
        squares = (known * weights).T @ (known * weights) + (penalty * self.counts.mean()).diag()
        found = torch.linalg.solve(squares, (known * weights).T @ (rows * weights))
        return F.pad(found[-(self.own.shape[1] - 1) :], (0, 0, 1, 0))

    def divided(self, rows: Tensor, apart: float = 0.0) -> Tensor:
        """Rows of all tokens [C R, D] -> those of their parts [C P R, D], which lie at least `apart` of the
        rows' mean distance from their mean away from each other"""
        centres = rows.view(len(self.counts), -1, rows.shape[1])
        moved = torch.eye(self.own.shape[1]) - self.own[:, None]  # [C, P, P]
        directions = self.directions(centres.mean(dim=1))
        least = apart * (rows - rows.mean(dim=0)).norm(dim=1).mean()
        directions *= (least / F.pdist(directions).min()).clamp(min=1.0)
        return (centres[:, None] + (moved @ directions)[:, :, None]).flatten(0, 2)


@torch.inference_mode()
def shares(start: Path, config: Config, clips: Sequence[Clip], count: int, label: str) -> Shares:
    """Of clips that have all labels, by what the checkpoint's tokenizer hears in them."""
    tokenizer = checkpoint.load_module(start, "tokenizer", config)
    samples = config.clip_seconds * config.sample_rate
    tokens = torch.cat([tokenizer.tokens(whole(part, samples)) for part in batches(clips, 4)])
    return Shares.of(tokens // (config.semantic_vocab // count), targets(clips), count, label)


def divide(start: Path, config: Config, found: Shares, label: str, out: Path) -> str:
    """Writes the checkpoint, in the precision of the one it is made of, and returns its fingerprint."""
    made = replace(config, semantic_vocab=config.semantic_vocab * found.own.shape[1])
    manifest = json.loads((start / "manifest.json").read_text(encoding="utf-8"))
    modules, dtypes = {}, {}
    for name in BUILDERS:
        tensors = checkpoint.load_module(start, name, config).state_dict()
        first = config.semantic_start if name == "lm" else 0
        for key in ROWS.get(name, ()):
            before, rows, after = tensors[key].tensor_split((first, first + config.semantic_vocab))
            parts = found.divided(rows, 0.0 if name == "tokenizer" else APART)
            tensors[key] = torch.cat((before, parts, after))
        modules[name] = build(name, made)
        modules[name].load_state_dict(tensors)
        dtypes[name] = checkpoint.DTYPES[manifest["files"][f"{name}.safetensors"]["dtype"]]
    own = config.mulan.bert.external is None
    return checkpoint.save(
        out,
        made,
        modules,
        dtypes=dtypes,
        vocabulary=start / "vocab.txt" if own else None,
        provenance=manifest["provenance"] | {"from": checkpoint.fingerprint(start), "divided": label},
    )


def arguments(words: list[str] | None) -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(
        prog="python -m nocturne_training.divide", description="Divides told centres by a label."
    )
    parser.add_argument("--from", dest="start", type=Path, required=True, metavar="CHECKPOINT")
    parser.add_argument("--corpus", type=Path, required=True, help="clips whose tokens say what centres tell")
    parser.add_argument("--by", choices=[*WEIGHTS], required=True, metavar="LABEL")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--told", type=int, default=256, help="told centres of the checkpoint")
    parser.add_argument("--clips", type=int, default=4000, help="of the corpus, at most")
    return parser.parse_args(words)


def main(words: list[str] | None = None) -> int:
    """0, or 1 for a fault, which is one line."""
    options = arguments(words)
    try:
        config = load(options.start / "config.json")
        if options.told < 1 or config.semantic_vocab % options.told:
            raise TrainingError(
                f"--told {options.told}: expected a divisor of the {config.semantic_vocab} tokens"
            )
        if config.semantic_vocab * len(CHOICES[options.by]) > MOST_TOKENS:
            raise TrainingError(
                f"--by {options.by}: makes more than {MOST_TOKENS} tokens, which no extraction can hold"
            )
        clips = [clip for clip in Corpus.open(options.corpus).split("train") if complete(clip)]
        if not clips:
            raise TrainingError(f"{options.corpus}: no training clip has labels; make a corpus")
        found = shares(options.start, config, clips[: options.clips], options.told, options.by)
        print(f"{options.out}: {divide(options.start, config, found, options.by, options.out)}")
    except (CheckpointError, CorpusError, TrainingError, OSError, ValueError) as error:
        print(f"nocturne_training.divide: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
