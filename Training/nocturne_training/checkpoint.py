"""Checkpoint directories: config.json, one safetensors file per module, vocab.txt, manifest.json (section
13)."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from .config import Config, External, load
from .models.modules import build

DTYPES = {"f32": torch.float32, "bf16": torch.bfloat16, "f16": torch.float16}
"""What tensors of a checkpoint may be stored as, by its name in `manifest.json`."""
_NAMES = {dtype: name for name, dtype in DTYPES.items()}


class CheckpointError(ValueError):
    """A fault of a checkpoint directory; the message names file, key, expected and found."""


def digest(path: Path) -> str:
    """SHA-256 of a file, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_tensors(path: Path, tensors: Mapping[str, Tensor], metadata: dict[str, str] | None = None) -> None:
    """Writes a safetensors file, whole or not at all. Raises `CheckpointError` on a full disk and the
    like."""
    partial = path.with_suffix(".partial")
    try:
        save_file(dict(tensors), partial, metadata)
        partial.replace(path)
    except (OSError, SafetensorError) as error:
        partial.unlink(missing_ok=True)
        reason = " ".join(str(error).split())
        raise CheckpointError(
            f"{path}: not written ({reason}); make room and run the same command again, which goes on"
        ) from error


def stored(name: str, module: nn.Module, config: Config) -> dict[str, Tensor]:
    """The tensors of a module that its checkpoint file holds: all but an external text encoder's and
    counters."""
    external = name == "mulan_text" and config.mulan.bert.external is not None
    tensors = module.state_dict()
    return {
        key: tensor.detach()
        for key, tensor in tensors.items()
        if tensor.is_floating_point() and not (external and key.startswith("bert."))
    }


def fingerprint(directory: Path) -> str:
    """SHA-256 over one line `<file name> <sha256>` per listed file in byte order, then the bytes of
    config.json."""
    files = json.loads((directory / "manifest.json").read_text(encoding="utf-8"))["files"]
    lines = "".join(f"{name} {files[name]['sha256']}\n" for name in sorted(files, key=str.encode))
    return hashlib.sha256(lines.encode() + (directory / "config.json").read_bytes()).hexdigest()


def save(
    directory: Path,
    config: Config,
    modules: Mapping[str, nn.Module],
    *,
    dtypes: Mapping[str, torch.dtype] | None = None,
    vocabulary: Path | list[str] | None = None,
    provenance: Mapping[str, Any] | None = None,
    licence: str = "MIT",
) -> str:
    """Writes a checkpoint directory and returns its fingerprint. Modules are stored as f32 unless `dtypes`
    says otherwise; `vocabulary` is needed where the text encoder is the checkpoint's own."""
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "config.json").write_text(config.text, encoding="utf-8")
    files: dict[str, dict[str, Any]] = {}
    for name, module in modules.items():
        dtype = (dtypes or {}).get(name, torch.float32)
        tensors = {key: value.to(dtype).contiguous() for key, value in stored(name, module, config).items()}
        path = directory / f"{name}.safetensors"
        write_tensors(path, tensors)
        files[path.name] = {
            **_entry(path),
            "parameters": sum(tensor.numel() for tensor in tensors.values()),
            "dtype": _NAMES[dtype],
        }
    if vocabulary is not None:
        path = directory / "vocab.txt"
        if isinstance(vocabulary, Path):
            shutil.copyfile(vocabulary, path)
        else:
            path.write_text("".join(f"{entry}\n" for entry in vocabulary), encoding="utf-8")
        files[path.name] = _entry(path)
    manifest = {"format": 1, "files": files, "provenance": dict(provenance or {}), "licence": licence}
    text = json.dumps(manifest, indent=2, ensure_ascii=False, sort_keys=True) + "\n"
    (directory / "manifest.json").write_text(text, encoding="utf-8")
    return fingerprint(directory)


def _entry(path: Path) -> dict[str, Any]:
    return {"sha256": digest(path), "bytes": path.stat().st_size}


def load_module(directory: Path, name: str, config: Config | None = None) -> nn.Module:
    """Builds a module from its file, f32, after checking file digest, keys, shapes and finiteness."""
    config = config or load(directory / "config.json")
    path = directory / f"{name}.safetensors"
    files = json.loads((directory / "manifest.json").read_text(encoding="utf-8"))["files"]
    if path.name not in files or not path.exists():
        raise CheckpointError(f"{path}: not in the checkpoint")
    if digest(path) != files[path.name]["sha256"]:
        raise CheckpointError(f"{path}: SHA-256 differs from manifest.json")
    module = build(name, config)
    found, expected = load_file(path), stored(name, module, config)
    for key in sorted(found.keys() ^ expected.keys()):
        raise CheckpointError(f"{path}: key {key} is {'not expected' if key in found else 'missing'}")
    for key, tensor in found.items():
        if tensor.shape != expected[key].shape:
            raise CheckpointError(
                f"{path}: {key} is {list(tensor.shape)}, expected {list(expected[key].shape)}"
            )
        if not torch.isfinite(tensor).all():
            raise CheckpointError(f"{path}: {key} has non-finite values")
    tensors = {key: tensor.float() for key, tensor in found.items()}
    if name == "mulan_text" and config.mulan.bert.external is not None:
        tensors |= external_tensors(config.mulan.bert.external)
    module.load_state_dict(tensors, strict=name != "tokenizer")
    return module.eval()


def vocabulary_path(directory: Path, config: Config) -> Path:
    """The checkpoint's own `vocab.txt`, or the external text encoder's."""
    external = config.mulan.bert.external
    return (
        directory / "vocab.txt"
        if external is None
        else external_file(external, "vocab.txt", external.vocab_sha256)
    )


def package_file(package: str, name: str) -> Path:
    """A file that an installed package carries."""
    spec = importlib.util.find_spec(package.replace("-", "_"))
    if spec is None or not spec.submodule_search_locations:
        raise CheckpointError(f"text encoder: install the package {package}")
    matches = sorted(Path(spec.submodule_search_locations[0]).rglob(name))
    if not matches:
        raise CheckpointError(f"text encoder: the package {package} has no {name}")
    return matches[0]


def external_file(external: External, name: str, sha256: str) -> Path:
    """A verified file of an installed text encoder package."""
    path = package_file(external.package, name)
    if digest(path) != sha256:
        raise CheckpointError(f"text encoder: {name} of {external.package} is not version {external.version}")
    return path


def external_tensors(external: External) -> dict[str, Tensor]:
    """The encoder tensors of an installed package with the `bert.` prefix; pooler and position ids are
    ignored."""
    tensors = load_file(external_file(external, "model.safetensors", external.weights_sha256))
    ignored = ("pooler.", "embeddings.position_ids")
    return {f"bert.{key}": value.float() for key, value in tensors.items() if not key.startswith(ignored)}
