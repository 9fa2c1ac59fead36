"""What a stage is built from: configuration, settings, corpus, and what earlier stages have learned."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from safetensors.torch import load_file
from torch import nn

from ..checkpoint import external_tensors
from ..config import Config
from ..corpus.dataset import Corpus
from ..models.modules import build
from ..trainer.distributed import Processes
from ..trainer.errors import TrainingError
from ..trainer.settings import Settings
from .labels import complete
from .registry import stage_of


@dataclass(frozen=True)
class Context:
    """One run directory: `DIR/<stage>/` holds a stage's checkpoint, log, picture and learned modules.
    `held_out` is the split that validation looks at: `valid` while training, `test` for the report;
    `start` is a checkpoint directory whose weights learning starts from, where it has them."""

    directory: Path
    corpus_directory: Path
    config: Config
    settings: Settings
    processes: Processes
    held_out: str = "valid"
    start: Path | None = None

    @cached_property
    def corpus(self) -> Corpus:
        """The clips to learn from."""
        return Corpus.open(self.corpus_directory)

    @cached_property
    def told(self) -> bool:
        """Whether the tokenizer is told labels: where the settings ask for it and the corpus has them."""
        return self.settings.tokenizer.label_weight > 0 and any(map(complete, self.corpus.split("train")))

    @property
    def tells_mode(self) -> bool:
        """Whether the tokens of labelled clips name major or minor."""
        return self.told_centres > 0 and self.settings.kmeans.divided_by == "quality"

    @property
    def told_centres(self) -> int:
        """Centres of told features that tokens are pairs of; 0 where none are told."""
        return self.settings.kmeans.told_centres if self.told else 0

    def stage(self, name: str) -> Path:
        """Folder of a stage."""
        return self.directory / name

    def left(self, stage: str, module: str) -> Path:
        """The file of a module that an earlier stage has learned. Raises `TrainingError` where there is
        none."""
        path = self.stage(stage) / f"{module}.safetensors"
        if not path.exists():
            raise TrainingError(f"{path}: missing; run the stage {stage} first")
        return path

    def taken(self, stage: str, module: str) -> nn.Module:
        """A module that `stage` takes, as `learned`."""
        return self.learned(stage_of(self.settings, stage).source(module), module)

    def learned(self, stage: str, module: str) -> nn.Module:
        """A module that `stage` has left, f32, in evaluation mode, without gradients, on the device. Raises
        `TrainingError` if that stage has not been run."""
        path = self.left(stage, module)
        network = build(module, self.config)
        tensors, external = load_file(path), self.config.mulan.bert.external
        if (stage, module) == ("tokenizer", "tokenizer"):
            # These are learned by the next stage, and may be another number by now.
            tensors["kmeans.centers"] = network.kmeans.centers
        if module == "mulan_text" and external is not None:
            tensors |= external_tensors(external)
        network.load_state_dict(tensors)
        return network.to(self.processes.device).eval().requires_grad_(False)
