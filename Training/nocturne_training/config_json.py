"""Dataclasses to and from strict JSON objects: snake_case fields, camelCase keys, all keys known."""

from __future__ import annotations

import dataclasses
import json
import re
import types
import typing
from typing import Any, Literal


def require(condition: bool, message: str) -> None:
    """Raises a `ValueError` about the file unless the condition holds."""
    if not condition:
        raise ValueError(f"config.json: {message}")


def _key(item: dataclasses.Field[Any]) -> str:
    if "json" in item.metadata:
        return item.metadata["json"]
    return re.sub(r"_([a-z])", lambda match: match.group(1).upper(), item.name)


def parse(kind: Any, value: Any, path: str = "") -> Any:
    """A value of the annotated type; a `ValueError` names the path of what does not fit."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        return None if value is None else parse(arguments[0], value, path)
    if origin is Literal:
        require(value in arguments, f"{path.rstrip('.')} is {value!r}, expected one of {arguments}")
        return value
    if origin is tuple:
        require(isinstance(value, list | tuple), f"{path.rstrip('.')} is {value!r}, not a list")
        return tuple(parse(arguments[0], item, path) for item in value)
    if not dataclasses.is_dataclass(kind):
        allowed = (int, float) if kind is float else kind
        fits = isinstance(value, allowed) and isinstance(value, bool) == (kind is bool)
        require(fits, f"{path.rstrip('.')} is {value!r}, not of type {kind.__name__}")
        return kind(value)
    hints, fields = typing.get_type_hints(kind), {_key(item): item for item in dataclasses.fields(kind)}
    require(isinstance(value, dict), f"{path or 'the file'} is not an object")
    # Swift leaves out what is null.
    absent = {key for key, item in fields.items() if key not in value and _may_be_none(hints[item.name])}
    differing = sorted((value.keys() ^ fields.keys()) - absent)
    require(not differing, f"keys {differing} of {path.rstrip('.') or 'the file'} are missing or unknown")
    parts = {
        item.name: parse(hints[item.name], value.get(key), f"{path}{key}.") for key, item in fields.items()
    }
    return kind(**parts)


def _may_be_none(kind: Any) -> bool:
    return type(None) in typing.get_args(kind)


def to_json(value: Any) -> Any:
    """The JSON object of a configuration dataclass."""
    if dataclasses.is_dataclass(value):
        return {_key(item): to_json(getattr(value, item.name)) for item in dataclasses.fields(value)}
    return [to_json(item) for item in value] if isinstance(value, tuple) else value


def render(value: Any) -> str:
    """Canonical text: two-space indent, number lists on one line, newline at the end."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    lists = re.compile(r"\[\s+([^\[\]{}]*?)\s+\]")
    return lists.sub(lambda match: "[" + " ".join(match[1].split()) + "]", text) + "\n"
