"""Semantic language model trainer (section 3). Letters: B batch, Q quantisers, T semantic tokens, V
vocabulary."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..models.lm import Lm
from ..models.rvq import Rvq
from ..trainer.errors import TrainingError
from ..trainer.precision import mixed
from ..trainer.randomness import Draw
from ..trainer.replay import Replay
from ..trainer.settings import LmNetworkSettings
from ..trainer.task import Metrics, Task
from ..trainer.update import Update
from .context import Context
from .tensors import Extracted


class LmTask(Task):
    """Cross-entropy of the semantic tokens behind [BOS, RVQ codes]. Inference has codes of texts only, so a
    share of the examples learns from those of a caption."""

    stage: ClassVar[str] = "lm"
    self_contained: ClassVar[bool] = True

    def __init__(self, context: Context, settings: LmNetworkSettings | None = None) -> None:
        self.config, self.processes = context.config, context.processes
        self.settings = settings or context.settings.lm
        directory = context.stage("extract")
        self.clips, self.held_out = Extracted(directory, "train"), Extracted(directory, context.held_out)
        if not len(self.clips):
            raise TrainingError(f"{directory}: no training clips; make or import a larger corpus")
        torch.manual_seed(self.settings.seed)
        self.lm = Lm(self.config)
        initialise(self.lm)
        start_with_codebooks(self.lm, context.taken(self.stage, "rvq"))
        for part in self.lm.modules():
            if isinstance(part, nn.Dropout):
                part.p = self.settings.dropout
        self.lm.to(self.processes.device)
        self.replay = Replay(self.objective, self.lm, self.processes.device)
        self.unigram = self._unigram()

    @property
    def modules(self) -> Mapping[str, nn.Module]:
        """See `Task`."""
        return {"lm": self.lm}

    @property
    def groups(self) -> Mapping[str, list[nn.Parameter]]:
        """See `Task`."""
        return {"lm": list(self.lm.parameters())}

    @property
    def examples(self) -> int:
        """See `Task`."""
        return len(self.clips)

    def batch(self, draws: list[Draw]) -> tuple[Tensor, Tensor, Tensor]:
        """Codes of audio or of a caption [B, Q], semantic tokens [B, T], and those that the network reads"""
        codes = [self._prefix(draw) for draw in draws]
        tokens = [self.clips.tokens(draw.index) for draw in draws]
        read = [self._noisy(draw, row) for draw, row in zip(draws, tokens, strict=True)]
        device = self.processes.device
        return torch.stack(codes).to(device), torch.stack(tokens).to(device), torch.stack(read).to(device)

    def _noisy(self, draw: Draw, tokens: Tensor) -> Tensor:
        if not self.settings.token_noise:
            return tokens
        share = 2.0 * self.settings.token_noise * torch.rand((), generator=draw.generator)
        wrong = torch.rand(tokens.shape, generator=draw.generator) < share
        random = torch.randint(self.config.semantic_vocab, tokens.shape, generator=draw.generator)
        return torch.where(wrong, random, tokens)

    def _prefix(self, draw: Draw) -> Tensor:
        if float(torch.rand((), generator=draw.generator)) < self.settings.text_prefix:
            texts = self.clips.text_codes(draw.index, heldout=False)
            if len(texts):
                return texts[int(torch.randint(len(texts), (), generator=draw.generator))]
        return self.clips.codes(draw.index)

    def logits(self, codes: Tensor, tokens: Tensor) -> Tensor:
        """Codes [B, Q] and tokens [B, T] -> what is predicted for each of the tokens [B, T, V]"""
        return self.lm.predicted(codes, tokens)

    def errors(self, logits: Tensor, tokens: Tensor) -> Tensor:
        """Cross-entropy of every token in nats, [B, T, V] and [B, T] -> [B, T]"""
        targets = tokens + self.config.semantic_start
        return F.cross_entropy(logits.float().transpose(1, 2), targets, reduction="none")

    def objective(self, codes: Tensor, tokens: Tensor, read: Tensor) -> tuple[Tensor, Tensor]:
        """The parts of a batch -> the loss, and the share of tokens that are the likeliest"""
        with mixed(codes.device.type, self.settings.precision):
            logits = self.logits(codes, read)
        right = logits.detach().argmax(dim=-1) == tokens + self.config.semantic_start
        return self.errors(logits, tokens).mean(), right.float().mean()

    def optimise(self, batch: tuple[Tensor, Tensor, Tensor], step: int, update: Update) -> Metrics:
        """See `Task`."""
        loss, accuracy = self.replay(*batch)
        update("lm", loss)
        return {"loss": loss, "accuracy": accuracy}

    def validate(self) -> dict[str, float]:
        """On held-out clips, in nats and as perplexity: behind the codes of the audio; behind those of the
        first caption; behind another clip's codes, which tell nothing; and, without a network, the perplexity
        by the frequencies of the training tokens."""
        count = min(len(self.held_out), self.settings.validation_clips)
        if not count:
            return {}
        tokens = torch.stack([self.held_out.tokens(index) for index in range(count)])
        audio = torch.stack([self.held_out.codes(index) for index in range(count)])
        texts = [self.held_out.text_codes(index)[:1] for index in range(count)]
        told = torch.tensor([len(text) > 0 for text in texts])
        losses = {"loss": self._loss(audio, tokens), "shuffled_loss": self._loss(audio.roll(1, 0), tokens)}
        if told.any():
            losses["text_loss"] = self._loss(torch.cat(texts), tokens[told])
        figures = losses | {key.replace("loss", "perplexity"): math.exp(v) for key, v in losses.items()}
        return figures | {"unigram_perplexity": math.exp(-float(self.unigram[tokens].mean()))}

    def _loss(self, codes: Tensor, tokens: Tensor) -> float:
        """Mean over the clips, a batch at a time, [n, Q] and [n, T]"""
        device, total = self.processes.device, 0.0
        size = self.settings.batch
        for some, them in zip(codes.split(size), tokens.split(size), strict=True):
            some, them = some.to(device), them.to(device)
            total += float(self.errors(self.logits(some, them), them).double().mean(dim=1).sum())
        return total / len(tokens)

    def _unigram(self) -> Tensor:
        """Logarithm of each token's share of the training tokens, one added to every count [semantic V]"""
        size = self.config.semantic_vocab
        counts = torch.ones(size, dtype=torch.float64)
        for tokens in self.clips.each("tokens"):
            counts += torch.bincount(tokens.flatten().long(), minlength=size)
        return (counts / counts.sum()).log()

    def exports(self) -> Mapping[str, nn.Module]:
        """See `Task`."""
        return {"lm": self.lm}


@torch.no_grad()
def start_with_codebooks(lm: Lm, rvq: Rvq) -> None:
    """Lets the codes' embeddings begin as the codebooks' vectors, turned at random, as large as the other
    embeddings are. The sum over a prefix is then the joint embedding, and codes near to each other mean
    alike: otherwise each of thousands of codes has to be met many times."""
    books = rvq.codebooks.flatten(0, 1).to(lm.embedding.weight.device)
    width = lm.embedding.weight.shape[1]
    turn = torch.nn.init.orthogonal_(torch.empty(width, max(width, books.shape[1])))[:, : books.shape[1]]
    rows = books @ turn.T
    # The first books matter most, and keep their share.
    scale = lm.embedding.weight.std() * width**0.5 / rows[: rvq.codebooks.shape[1]].norm(dim=1).mean()
    lm.embedding.weight[: len(books)] = rows * scale


@torch.no_grad()
def initialise(lm: Lm) -> None:
    """Normal weights of variance 2 / (5 D) (Nguyen and Salazar, 2019: 0.02 for D = 1024); the matrices that
    write to the residual stream are smaller by the root of their number."""
    dim, writers = lm.config.lm.dim, 2 * lm.config.lm.layers
    for name, parameter in lm.named_parameters():
        if parameter.dim() == 2:
            writes = name.endswith(("attention.o.weight", "ffn.down.weight"))
            nn.init.normal_(parameter, std=math.sqrt(2 / (5 * dim) / (writers if writes else 1)))
