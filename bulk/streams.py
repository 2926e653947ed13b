"""The streams of the network: how many batches of a run are in it at the same time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import Any, ParamSpec, TypeVar

from model.engines import Engine

P = ParamSpec("P")
T = TypeVar("T")


def batches_at_once(engine: Engine) -> int:
    """Return how many full batches the network should run at the same time.

    On a CPU it is one: the engine spreads the images of a batch over all its processors.
    """
    return 1 if engine.device == "cpu" else engine.streams


def open_streams(engine: Engine) -> Executor:
    """Return an executor with a thread for each batch; for one batch it is the caller's thread."""
    count = batches_at_once(engine)
    return ThreadPoolExecutor(count, thread_name_prefix="network") if count > 1 else _InlineExecutor()


class _InlineExecutor(Executor):
    """Runs each task in the thread that submits it, where Ctrl-C interrupts it."""

    def submit(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        future: Future[T] = Future()
        try:
            future.set_result(function(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future

    def map(
        self,
        fn: Callable[..., T],
        *iterables: Iterable[Any],
        timeout: float | None = None,
        chunksize: int = 1,
    ) -> Iterator[T]:
        """Run each task when its result is asked for, so that none runs after one has failed."""
        return map(fn, *iterables)
