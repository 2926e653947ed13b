"""Pages of a search by DICOMweb, as archives that deviate from the standard return them, too."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from .client import Row
from .errors import Refused

PAGE = 100
"""Entries requested per page; a PACS may return fewer."""

NOTHING = frozenset({404, 410})
"""Statuses that some servers return for a search without results."""

_PAST_THE_END = NOTHING | {416}


def all_rows(ask: Callable[[int], list[Row]]) -> Iterator[Row]:
    """Return the rows of all pages.

    Args:
        ask: Requests the page that begins at an offset.

    Raises:
        Refused: As ``ask``, for the first page.
    """
    offset, begin = 0, None
    while page := _page(ask, offset):
        # A PACS that ignores offsets returns the same page without end.
        if page[0] == begin:
            return
        begin = page[0]
        yield from page
        offset += len(page)


def _page(ask: Callable[[int], list[Row]], offset: int) -> list[Row]:
    try:
        return ask(offset)
    except Refused as error:
        # Some servers answer an error after the last page.
        if offset and error.status in _PAST_THE_END:
            return []
        raise
