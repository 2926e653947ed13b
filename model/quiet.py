"""Silences what decoding libraries warn of and log: they quote values of the file, where a patient's data may be."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock, local

_SILENT = logging.CRITICAL + 1


class _Depth(local):
    value = 0


_depth = _Depth()
_lock = Lock()


class _AnyWhileQuiet(type):
    def __subclasscheck__(cls, subclass: type) -> bool:
        return _depth.value > 0


class _WhileQuiet(Warning, metaclass=_AnyWhileQuiet):
    """A category that every warning belongs to, in a thread that is inside `quiet`."""


@contextmanager
def quiet() -> Iterator[None]:
    """Ignore the warnings of this thread, and what pydicom and highdicom log in any.

    Filters of warnings belong to the process, and ``warnings.catch_warnings`` of two threads restore one another's. So the one
    filter here is added and never taken away: it applies to a thread that is inside, and to no other.
    """
    for library in ("pydicom", "highdicom"):
        logger = logging.getLogger(library)
        if logger.level != _SILENT:
            logger.setLevel(_SILENT)
    if not warnings.filters or warnings.filters[0][2] is not _WhileQuiet:
        with _lock:
            warnings.simplefilter("ignore", category=_WhileQuiet)
    _depth.value += 1
    try:
        yield
    finally:
        _depth.value -= 1
