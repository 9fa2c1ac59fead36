"""Settings files: YAML, one per named size, camelCase keys."""

from __future__ import annotations

import re
from collections.abc import Iterable
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


class _Loader(yaml.SafeLoader):
    """YAML 1.2's numbers: what PyYAML knows is 1.1, to which 1e-4 is a word."""


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"[-+]?(\d+\.?\d*|\.\d+)[eE][-+]?\d+$"), list("-+.0123456789")
)


def parse_yaml(text: str) -> Any:
    """The value of a YAML document. Raises `yaml.YAMLError`."""
    return yaml.load(text, _Loader)


def load(source: str | Path, changes: dict[str, Any] | None = None) -> Settings:
    """Settings by name (one of `SIZED`) or from a YAML file, as `of`. Raises `TrainingError` naming file and
    key."""
    own = FOLDER / f"{source}.yaml"
    path = own if source in SIZED else Path(source)
    try:
        read = parse_yaml(path.read_text(encoding="utf-8")) or {}
    except OSError as error:
        raise TrainingError(f"{path}: {error.strerror}; settings are {', '.join(SIZED)} or a file") from error
    except yaml.YAMLError as error:
        raise TrainingError(f"{path}: not YAML: {' '.join(str(error).split())}") from error
    return of(path, read, changes)


def of(place: Path, sections: Any, changes: dict[str, Any] | None = None) -> Settings:
    """Settings from their sections by stage, which `place` holds; keys that are left out keep their defaults.
    `changes` maps `stage.key` to a value that replaces what is there. Raises `TrainingError` naming place and
    key."""
    try:
        return _settings(sections, changes or {})
    except ValueError as error:
        raise TrainingError(f"{place}: {str(error).removeprefix('config.json: ')}") from error


def changes(pairs: Iterable[str]) -> dict[str, Any]:
    """What `--set STAGE.KEY=VALUE` asks for, by `stage.key`. Raises `TrainingError` for anything else."""
    found = {}
    for pair in pairs:
        key, separator, value = pair.partition("=")
        if not separator or "." not in key:
            raise TrainingError(f"--set {pair}: expected STAGE.KEY=VALUE, such as vae.batch=4")
        try:
            found[key] = parse_yaml(value)
        except yaml.YAMLError:
            raise TrainingError(f"--set {pair}: {value} is not a value of YAML") from None
    return found


def named(config: str, device: str) -> str:
    """The settings that go with a configuration on a device: on a GPU those sized for one (`demo-gpu`), where
    there are some."""
    return f"{config}-gpu" if device == "cuda" and f"{config}-gpu" in SIZED else config


def _settings(read: Any, changes: dict[str, Any]) -> Settings:
    if not isinstance(read, dict):
        raise ValueError("the file is not a mapping of stages")
    for name, value in changes.items():
        stage, _, key = name.partition(".")
        read[stage] = {**_mapping(read.get(stage), stage), key: value}
    kinds = get_type_hints(Settings)
    unknown = sorted(read.keys() - kinds.keys())
    if unknown:
        raise ValueError(f"stage {unknown[0]} is unknown, expected one of {', '.join(kinds)}")
    stages = {name: _complete(kinds[name], read.get(name), name) for name in kinds}
    return Settings(**stages)


def _complete(kind: Any, value: Any, name: str) -> Any:
    return parse(kind, {**to_json(kind()), **_mapping(value, name)}, f"{name}.")


def _mapping(value: Any, name: str) -> dict[str, Any]:
    """A stage's section, which may be empty."""
    if value is not None and not isinstance(value, dict):
        raise ValueError(f"{name} is not a mapping")
    return value or {}
