"""How fast an engine is, by this machine's clock and by the card's."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from model.engines.fixed_batches import FixedBatches

_REPEATS = 20
"""Batches between two readings of the card's clock."""


def milliseconds(call: Callable[[], object], *, seconds: float) -> float:
    """Median milliseconds of ``call``, after it has run twice."""
    for _ in range(2):
        call()
    times: list[float] = []
    until = time.perf_counter() + seconds
    while time.perf_counter() < until or len(times) < 3:
        start = time.perf_counter()
        call()
        times.append((time.perf_counter() - start) * 1000)
    return float(np.median(times))


def images_a_second(
    engine: Callable[[NDArray[np.float32]], object],
    batch: NDArray[np.float32],
    *,
    streams: int,
    seconds: float,
) -> float:
    """Return the rate from host to host, with as many threads as the engine has streams.

    Args:
        engine: Runs a batch; the warm-up is not counted.
        batch: What each call gets, ``(B, C, S, S)``.
        streams: The number of threads that may call the engine at the same time.
        seconds: How long new calls are started.
    """

    def calls(until: float) -> int:
        done = 0
        while time.perf_counter() < until or done < 3:
            engine(batch)
            done += 1
        return done

    with ThreadPoolExecutor(streams) as threads:

        def all_threads(until: float) -> int:
            return sum(threads.map(calls, [until] * streams))

        all_threads(0)
        start = time.perf_counter()
        done = all_threads(start + seconds)
        return done * len(batch) / (time.perf_counter() - start)


def card_milliseconds(batches: FixedBatches, size: int, *, seconds: float) -> float:
    """Return the median milliseconds of a recorded batch by the card's clock, without the host's copies."""
    import torch

    def once() -> float:
        start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        start.record()
        for _ in range(_REPEATS):
            batches.repeat(size)
        end.record()
        end.synchronize()
        elapsed_ms: float = start.elapsed_time(end)
        return elapsed_ms / _REPEATS

    once()
    times: list[float] = []
    until = time.perf_counter() + seconds
    while time.perf_counter() < until or len(times) < 3:
        times.append(once())
    return float(np.median(times))
