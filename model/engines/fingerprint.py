"""The sha256 of an exported model's two files, kept beside them: ``sha256sum --check NAME.int8.sha256`` can read it too."""

from hashlib import file_digest
from pathlib import Path

from ..checkpoint import write_atomically
from ..errors import EngineError


def write_fingerprint(model: Path) -> Path:
    """Writes the fingerprint of ``model`` (.xml) and its weights (.bin) beside them; returns its path."""
    path = model.with_suffix(".sha256")
    write_atomically(path, "".join(f"{_sha256(file)}  {file.name}\n" for file in _files(model)).encode())
    return path


def check_fingerprint(model: Path) -> None:
    """Compares ``model`` (.xml) and its weights (.bin) with their fingerprint.

    Raises:
        EngineError: it is not there, or a file is not the one that was written.
    """
    path = model.with_suffix(".sha256")
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        raise EngineError(
            f"{path.name} is not beside {model.name}: copy all files of `pleura export`, or run it again."
        ) from None
    known = {name: digest for digest, _, name in (line.partition("  ") for line in lines)}
    for file in _files(model):
        try:
            same = _sha256(file) == known.get(file.name)
        except OSError:
            same = False
        if not same:
            raise EngineError(
                f"{file.name} is not the file that was written (sha256 differs): copy it again, run `pleura export` again, or "
                f"remove {model.name} to do without it."
            )


def _files(model: Path) -> tuple[Path, Path]:
    return model, model.with_suffix(".bin")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()
