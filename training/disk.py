"""Messages for failed writes: what is wrong with the disk or the folder, and what to do."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile

from .errors import TrainingError

_FULL = (errno.ENOSPC, errno.EDQUOT)
_FORBIDDEN = (errno.EACCES, errno.EPERM, errno.EROFS)


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Create ``folder``, test that it can be written, and turn later failures to write into a message.

    Raises:
        TrainingError: The disk is full, or the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder):
            pass
        yield
    except OSError as error:
        if not concerns(error, folder):
            raise
        raise TrainingError(
            f"The results could not be written into {folder} ({reason(error)}): {remedy(error)}, "
            "or name another --out."
        ) from error


def write_error(error: BaseException) -> OSError | None:
    """Return the `OSError` that ``error`` is or was caused by; None without one.

    torch reports a failed write as RuntimeError, with the OSError of the file as its context.
    """
    seen: BaseException | None = error
    while seen is not None and not isinstance(seen, OSError):
        seen = seen.__cause__ or seen.__context__
    return seen


def concerns(error: OSError, folder: Path) -> bool:
    """Return whether ``error`` may be about a file in ``folder``: it names no file, or one of these."""
    if not isinstance(error.filename, str):
        return True
    return Path(error.filename).absolute().is_relative_to(
        folder.absolute()
    ) or folder.absolute().is_relative_to(Path(error.filename).absolute())


def reason(error: OSError) -> str:
    """Return the system's message."""
    return error.strerror or str(error) or type(error).__name__


def remedy(error: OSError) -> str:
    """Return what the user can do."""
    if error.errno in _FULL:
        return "free the disk"
    if error.errno in _FORBIDDEN:
        return "make the folder writable"
    return "check the folder and its disk"
