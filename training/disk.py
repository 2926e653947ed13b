"""Failures to write, in words: what is wrong with the disk or the folder, and what to do."""

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
    """Make ``folder``, try that it can be written before the work begins, and turn a failure to write into a sentence.

    Raises:
        TrainingError: the disk is full, or the folder cannot be written.
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
            f"The results could not be written into {folder} ({reason(error)}): {remedy(error)}, or name another --out."
        ) from error


def write_error(error: BaseException) -> OSError | None:
    """The `OSError` that ``error`` is or came from.

    torch reports a failed write as RuntimeError, while the OSError of the file is handled; no other RuntimeError is one.
    """
    seen: BaseException | None = error
    while seen is not None and not isinstance(seen, OSError):
        seen = seen.__cause__ or seen.__context__
    return seen


def concerns(error: OSError, folder: Path) -> bool:
    """Whether ``error`` may be about a file in ``folder``: it names none, or one of these."""
    if not isinstance(error.filename, str):
        return True
    return Path(error.filename).absolute().is_relative_to(
        folder.absolute()
    ) or folder.absolute().is_relative_to(Path(error.filename).absolute())


def reason(error: OSError) -> str:
    """What the system says."""
    return error.strerror or str(error) or type(error).__name__


def remedy(error: OSError) -> str:
    """What helps."""
    if error.errno in _FULL:
        return "free the disk"
    if error.errno in _FORBIDDEN:
        return "make the folder writable"
    return "check the folder and its disk"
