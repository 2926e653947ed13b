"""The bundled checkpoints."""

from pathlib import Path

_FOLDER = Path(__file__).parent

BUNDLED = _FOLDER / "pleura-r50-256.safetensors"
"""The checkpoint that is used if none is named."""

SMALL = "small"
"""The name of the small checkpoint, for `PLEURA_CHECKPOINT` and commands that use a checkpoint as it is."""

_BY_NAME = {SMALL: _FOLDER / "pleura-small-192.safetensors"}


def checkpoint_file(checkpoint: Path) -> Path:
    """Return the file of a checkpoint.

    Args:
        checkpoint: A file, or the name of a bundled checkpoint, which is taken even if a file has this name.
    """
    return _BY_NAME.get(str(checkpoint), checkpoint)
