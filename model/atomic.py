"""Atomic replacement of files."""

import os
from pathlib import Path
from uuid import uuid4

_NAME = 50
"""Characters of a file's name that its temporary file keeps, so that the name fits in 255 bytes."""


def write_atomically(path: Path, data: bytes) -> None:
    """Write ``data`` to a temporary file, flush it to the disk and rename it to ``path``.

    A process that is killed leaves the temporary file beside ``path``: ``.NAME.`` and 32 digits. Missing
    folders are created. The file has the mode of any new file: 0666 less the process's umask. A file that
    it replaces does not pass on its mode.

    Args:
        path: Where the file is to be; an existing one is replaced.
        data: The whole content.

    Raises:
        OSError: The file cannot be written; a file that was at ``path`` is unchanged.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.parent / f".{path.name[:_NAME]}.{uuid4().hex}"
    try:
        with temporary.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
