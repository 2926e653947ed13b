"""Waiting for a condition, without a fixed pause."""

import asyncio
from collections.abc import Callable
from threading import Event
from time import monotonic


def wait_until(condition: Callable[[], bool], *, within_s: float = 20) -> None:
    """Return as soon as ``condition`` holds."""
    pause, end = Event(), monotonic() + within_s
    while not condition():
        assert monotonic() < end, "timed out"
        pause.wait(0.005)


async def eventually(condition: Callable[[], bool], *, within_s: float = 20) -> None:
    """The same on an event loop."""
    async with asyncio.timeout(within_s):
        while not condition():
            await asyncio.sleep(0)
