"""What a finished stage leaves beside its modules: `stage.json`."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ..checkpoint import digest as file_digest
from ..config import Config
from ..stages.registry import SHARED_SECTIONS, TOLD, Stage
from ..trainer.settings import Settings, digest

FILE = "stage.json"


@dataclass(frozen=True)
class Record:
    """`identity` names configuration, settings and inputs; `digest` the files that came out, which later
    stages have as an input."""

    stage: str
    identity: str
    steps: int
    seconds: float
    device: str
    figures: dict[str, float]
    files: dict[str, str]
    digest: str

    @staticmethod
    def of(
        stage: str,
        identity: str,
        directory: Path,
        *,
        steps: int,
        seconds: float,
        device: str,
        figures: dict[str, float],
    ) -> Record:
        """Describes the safetensors files in a stage's folder."""
        paths = sorted(directory.rglob("*.safetensors"))
        files = {str(path.relative_to(directory)): file_digest(path) for path in paths}
        return Record(stage, identity, steps, seconds, device, figures, files, digest(files))

    def write(self, directory: Path) -> None:
        """Writes `stage.json`, atomically and last."""
        partial = directory / "stage.partial"
        partial.write_text(json.dumps(asdict(self), indent=2, sort_keys=True) + "\n", encoding="utf-8")
        partial.replace(directory / FILE)

    @staticmethod
    def read(directory: Path) -> Record | None:
        """The record of a finished stage, or None; also None if one of its files is gone."""
        path = directory / FILE
        if not path.exists():
            return None
        record = Record(**json.loads(path.read_text(encoding="utf-8")))
        return record if all((directory / name).exists() for name in record.files) else None


def identity(stage: Stage, config: Config, settings: Settings, inputs: dict[str, str]) -> str:
    """SHA-256 over everything that decides what a stage learns, its number of steps apart."""
    sections: dict[str, Any] = json.loads(config.text)
    own = getattr(settings, stage.name, None)
    more: dict[str, Any] = {}
    if stage.name == "encoder":
        more = {"start": settings.vae.start, "seed": settings.vae.seed}
    if stage.name in TOLD and settings.kmeans.divided_by:
        more = {"divided_by": settings.kmeans.divided_by, "told_centres": settings.kmeans.told_centres}
    return digest(
        {
            "stage": stage.name,
            "config": {key: sections[key] for key in (*SHARED_SECTIONS, *stage.sections)},
            "settings": (own.identity() if own else {}) | more,
            "inputs": inputs,
        }
    )
