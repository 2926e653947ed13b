"""Keeps what decoding libraries warn of from the user, who is told by an error or not at all."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

_lock = Lock()
_inside = 0
_filters = warnings.catch_warnings()


@contextmanager
def quiet() -> Iterator[None]:
    """Ignores warnings while any thread is inside.

    Filters of warnings belong to the process, so two threads with a ``catch_warnings`` each could restore one another's:
    here the first one in sets them and the last one out restores them.
    """
    global _filters, _inside
    with _lock:
        if _inside == 0:
            _filters = warnings.catch_warnings()
            _filters.__enter__()
            warnings.simplefilter("ignore")
        _inside += 1
    try:
        yield
    finally:
        with _lock:
            _inside -= 1
            if _inside == 0:
                _filters.__exit__(None, None, None)
