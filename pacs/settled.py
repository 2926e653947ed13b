"""The instances that this process has finished, so that it does not process them again."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import blake2b
from time import monotonic

KEPT_S = 86_400.0
"""Seconds after which a series that the PACS no longer lists is forgotten: deleted, or older than
``--days``."""


@dataclass(slots=True)
class _Series:
    listed: float
    size: int | None = None
    instances: array[int] = field(default_factory=lambda: array("Q"))


class Settled:
    """Finished instances by series: about 300 bytes per series, only for series that the PACS still lists.

    UIDs are stored as 8 bytes of their BLAKE2b hash: among ten million, the probability of a collision
    is 3e-6.

    Args:
        clock: Returns seconds from any origin.
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._series: dict[int, _Series] = {}

    def __len__(self) -> int:
        return len(self._series)

    def listed(self, series: str) -> None:
        """Record that the PACS lists this series."""
        if known := self._series.get(_short(series)):
            known.listed = self._clock()

    def add(self, series: str, instance: str) -> None:
        """Record that an instance is finished."""
        known = self._series.setdefault(_short(series), _Series(self._clock()))
        known.instances.append(_short(instance))

    def has(self, series: str, instance: str) -> bool:
        """Whether an instance is finished."""
        known = self._series.get(_short(series))
        return known is not None and _short(instance) in known.instances

    def close(self, series: str, size: int | None) -> None:
        """Record that a series is finished.

        Args:
            series: Series Instance UID.
            size: The number of its instances; None if the PACS does not give it.
        """
        self._series.setdefault(_short(series), _Series(self._clock())).size = size

    def closed(self, series: str, size: int | None) -> bool:
        """Return whether a series was finished when it had so many instances.

        Args:
            series: Series Instance UID.
            size: The number of its instances now; None if the PACS does not give it, then the answer is
                False.
        """
        known = self._series.get(_short(series))
        return size is not None and known is not None and known.size == size

    def sweep(self) -> None:
        """Forget the series that the PACS no longer lists."""
        oldest = self._clock() - KEPT_S
        for gone in [short for short, known in self._series.items() if known.listed < oldest]:
            del self._series[gone]


def _short(uid: str) -> int:
    return int.from_bytes(blake2b(uid.encode(), digest_size=8).digest(), "little")
