"""Suppression of the decoding libraries' warnings and logs: they may quote a patient's data from the file."""

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
    """A warning category that matches every warning in a thread that is inside `quiet`."""


@contextmanager
def quiet() -> Iterator[None]:
    """Ignore the warnings of this thread, and the logs of pydicom and highdicom in all threads.

    Warning filters belong to the process, and ``warnings.catch_warnings`` in two threads would restore each
    other's filters. Therefore one filter is added and never removed; it matches only threads inside `quiet`.
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
