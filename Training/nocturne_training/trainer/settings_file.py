"""Settings files: YAML, one per named size, camelCase keys."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_type_hints

import yaml

from ..config import NAMED
from ..config_json import parse, to_json
from .errors import TrainingError
from .settings import Settings

FOLDER = Path(__file__).parent.parent / "settings"
SIZED = (*NAMED, "demo-gpu")
"""The named settings: one for each named configuration, and one for a GPU."""


def load(source: str | Path, changes: dict[str, Any] | None = None) -> Settings:
    """Settings by name (one of `SIZED`) or from a YAML file; keys that are left out keep their
    defaults. `changes` maps `stage.key` to a value that replaces the file's. Raises `TrainingError` naming
    file and key."""
    own = FOLDER / f"{source}.yaml"
    path = own if source in SIZED else Path(source)
    try:
        read = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except OSError as error:
        raise TrainingError(f"{path}: {error.strerror}; settings are {', '.join(SIZED)} or a file") from error
    except yaml.YAMLError as error:
        raise TrainingError(f"{path}: not YAML: {' '.join(str(error).split())}") from error
    try:
        return _settings(read, changes or {})
    except ValueError as error:
        raise TrainingError(f"{path}: {str(error).removeprefix('config.json: ')}") from error


def named(config: str, device: str) -> str:
    """The settings that go with a configuration on a device: on a GPU those sized for one (`demo-gpu`), where
    there are some."""
    return f"{config}-gpu" if device == "cuda" and f"{config}-gpu" in SIZED else config


def _settings(read: Any, changes: dict[str, Any]) -> Settings:
    if not isinstance(read, dict):
        raise ValueError("the file is not a mapping of stages")
    for name, value in changes.items():
        stage, _, key = name.partition(".")
        read[stage] = {**read.get(stage, {}), key: value}
    kinds = get_type_hints(Settings)
    unknown = sorted(read.keys() - kinds.keys())
    if unknown:
        raise ValueError(f"stage {unknown[0]} is unknown, expected one of {', '.join(kinds)}")
    stages = {name: _complete(kinds[name], read.get(name) or {}, name) for name in kinds}
    return Settings(**stages)


def _complete(kind: Any, value: Any, name: str) -> Any:
    if not isinstance(value, dict):
        raise ValueError(f"{name} is not a mapping")
    return parse(kind, {**to_json(kind()), **value}, f"{name}.")
