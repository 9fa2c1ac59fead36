"""What a finished stage leaves beside its modules: `stage.json`."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ..checkpoint import digest as file_digest
from ..config import Config
from ..config_json import to_json
from ..stages.registry import SHARED_SECTIONS, STAGES, TOLD, Stage
from ..trainer.settings import Settings, digest

FILE = "stage.json"


@dataclass(frozen=True)
class Record:
    """`identity` names configuration, settings and inputs; `digest` the files that came out, which later
    stages have as an input; `settings` is the stage's section of a settings file."""

    stage: str
    identity: str
    steps: int
    seconds: float
    device: str
    figures: dict[str, float]
    files: dict[str, str]
    digest: str
    settings: dict[str, Any] = field(default_factory=dict)

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
        settings: Any = None,
    ) -> Record:
        """Describes the safetensors files in a stage's folder."""
        paths = sorted(directory.rglob("*.safetensors"))
        files = {str(path.relative_to(directory)): file_digest(path) for path in paths}
        own = to_json(settings) if settings else {}
        return Record(stage, identity, steps, seconds, device, figures, files, digest(files), own)

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


def recorded(directory: Path) -> dict[str, Any]:
    """The sections of a settings file that the finished stages of a run directory were run with."""
    found = {stage.name: Record.read(directory / stage.name) for stage in STAGES}
    return {name: record.settings for name, record in found.items() if record and record.settings}


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
