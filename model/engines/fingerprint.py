"""The sha256 file of an exported model; ``sha256sum --check NAME.int8.sha256`` can read it."""

from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from ..atomic import write_atomically
from ..errors import EngineError


class ExportedModel(NamedTuple):
    """The two files of an exported model."""

    xml: bytes
    weights: bytes


def write_fingerprint(model: Path) -> Path:
    """Write the fingerprint of ``model`` (.xml) and its weights (.bin) beside them and return its path."""
    path = model.with_suffix(".sha256")
    lines = [f"{sha256(file.read_bytes()).hexdigest()}  {file.name}\n" for file in _files(model)]
    write_atomically(path, "".join(lines).encode())
    return path


def read_exported(model: Path) -> ExportedModel:
    """Read ``model`` (.xml) and its weights (.bin) once and compare them with their fingerprint.

    The names in the fingerprint may differ if the suffixes agree: the files may have been renamed.

    Raises:
        EngineError: A file is missing, or has changed since it was written.
    """
    path = model.with_suffix(".sha256")
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        raise EngineError(
            f"{path.name} is not beside {model.name}. Copy all files of `pleura export`, or run it again."
        ) from None
    known = {Path(name).suffix: digest for digest, _, name in (line.partition("  ") for line in lines)}
    return ExportedModel(*(_read(file, known.get(file.suffix), model) for file in _files(model)))


def _read(file: Path, digest: str | None, model: Path) -> bytes:
    try:
        data = file.read_bytes()
    except OSError:
        data = b""
    if sha256(data).hexdigest() != digest:
        raise EngineError(
            f"{file.name} has changed since it was written (sha256 differs). Copy it again, run `pleura "
            f"export` again, or remove {model.name} to do without it."
        )
    return data


def _files(model: Path) -> tuple[Path, Path]:
    return model, model.with_suffix(".bin")
