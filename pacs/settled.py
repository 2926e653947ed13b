"""What the watcher has come to an end with, so that it does not look at it again."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import blake2b
from time import monotonic

KEPT_S = 86_400.0
"""A series that the PACS has not listed for so long is forgotten: it was deleted, or is older than ``--days``."""


@dataclass(slots=True)
class _Series:
    listed: float
    size: int | None = None
    instances: array[int] = field(default_factory=lambda: array("Q"))


class Settled:
    """Instances by series: some 300 bytes for each series, and only for those that the PACS still lists.

    UIDs are kept as 8 bytes of their BLAKE2b hash: of ten million, two are the same with a probability of 3e-6.

    Args:
        clock: seconds, from any start.
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._series: dict[int, _Series] = {}

    def __len__(self) -> int:
        return len(self._series)

    def listed(self, series: str) -> None:
        """Note that the PACS lists this series."""
        if known := self._series.get(_short(series)):
            known.listed = self._clock()

    def add(self, series: str, instance: str) -> None:
        """Note that an instance needs nothing more."""
        known = self._series.setdefault(_short(series), _Series(self._clock()))
        known.instances.append(_short(instance))

    def has(self, series: str, instance: str) -> bool:
        """Whether an instance needs nothing more."""
        known = self._series.get(_short(series))
        return known is not None and _short(instance) in known.instances

    def close(self, series: str, size: int | None) -> None:
        """Note that a series with so many instances needs nothing more; None where the PACS does not say how many."""
        self._series.setdefault(_short(series), _Series(self._clock())).size = size

    def closed(self, series: str, size: int | None) -> bool:
        """Whether a series needed nothing more when it had so many instances."""
        known = self._series.get(_short(series))
        return size is not None and known is not None and known.size == size

    def sweep(self) -> None:
        """Forget the series that the PACS does not list any more."""
        oldest = self._clock() - KEPT_S
        for gone in [short for short, known in self._series.items() if known.listed < oldest]:
            del self._series[gone]


def _short(uid: str) -> int:
    return int.from_bytes(blake2b(uid.encode(), digest_size=8).digest(), "little")
