"""Serves the application with uvicorn, and stops it without losing a request."""

import asyncio
import signal
from contextlib import suppress
from threading import current_thread, main_thread
from types import FrameType

import uvicorn
from fastapi import FastAPI

from logs import configure, log
from model.segmenter import Segmenter

from .connection import guarded
from .errors import ServiceError
from .lifecycle import Lifecycle
from .main import create_app
from .settings import Settings

KEEP_ALIVE_S = 75
"""Seconds that an idle connection is kept: longer than proxies keep theirs, or they send into one that closes."""

LAST_MOMENT_S = 2
"""Seconds for the last answers to leave, once the grace period is over."""


class Server(uvicorn.Server):
    """uvicorn's server, with another way to stop.

    On the first signal the service stops being ready, but still listens: whoever comes is told so. It ends when all requests are
    answered, or when the grace period is over: what is unanswered then gets 503. The second signal ends it at once. SIGHUP loads the
    checkpoint again.
    """

    def __init__(self, config: uvicorn.Config, lifecycle: Lifecycle, *, grace_period_s: float) -> None:
        super().__init__(config)
        self.lifecycle = lifecycle
        self._grace_period_s = grace_period_s
        self._drain: asyncio.Task[None] | None = None
        self._reload: asyncio.Task[None] | None = None
        lifecycle.on_failure = lambda: self._stop("failure")

    async def serve(self, sockets: None = None) -> None:  # type: ignore[override]
        """Serves until told to stop."""
        self._loop = asyncio.get_running_loop()
        if hasattr(signal, "SIGHUP") and current_thread() is main_thread():
            self._loop.add_signal_handler(signal.SIGHUP, self.reload)
        await super().serve(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Takes a signal. uvicorn's own would raise it again at the end, and the process would not exit with 0."""
        if self.lifecycle.draining:
            self.force_exit = self.should_exit = True
        else:
            # At once, not when the loop comes to it: the next probe must be told.
            self.lifecycle.draining = True
            self._loop.call_soon_threadsafe(self._stop, signal.Signals(sig).name)

    def reload(self) -> None:
        """Reload the checkpoint in the background."""
        if self._reload is None or self._reload.done():
            self._reload = self._loop.create_task(self._reload_quietly())

    async def _reload_quietly(self) -> None:
        # What is wrong with the checkpoint has been logged; where nothing serves yet, there is nothing to swap.
        with suppress(ServiceError):
            await self.lifecycle.reload()

    def _stop(self, reason: str) -> None:
        self.lifecycle.draining = True
        log.info("stopping", extra={"fields": {"reason": reason, "requests": len(self.server_state.tasks)}})
        self._drain = asyncio.create_task(self._empty())

    async def _empty(self) -> None:
        # Whoever comes from now on is refused at once, and has `LAST_MOMENT_S` to take that answer.
        tasks = set(self.server_state.tasks)
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=self._grace_period_s)
            for task in late:
                task.cancel()
        self.should_exit = True


def make_server(app: FastAPI, settings: Settings) -> Server:
    """uvicorn, set up for ``app``."""
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        http=guarded(
            header_timeout_s=settings.header_timeout_s,
            transfer_timeout_s=settings.upload_timeout_s,
            max_head_bytes=settings.max_header_bytes,
        ),
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        h11_max_incomplete_event_size=settings.max_header_bytes,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=LAST_MOMENT_S,
    )
    return Server(config, app.state.lifecycle, grace_period_s=settings.grace_period_s)


def serve(settings: Settings, *, segmenter: Segmenter | None = None) -> str | None:
    """Serves until told to stop.

    Args:
        settings: how the service runs.
        segmenter: what it serves; None loads the one that the settings name.

    Returns:
        A sentence on why it could not serve; None where it was only told to stop.

    Raises:
        SettingsError: the settings cannot be used.
    """
    configure(settings.log_format)
    app = create_app(settings, segmenter=segmenter)
    try:
        make_server(app, settings).run()
    finally:
        app.state.traces.close()
    failure: str | None = app.state.lifecycle.failure
    if failure is not None:
        log.error(failure)
    return failure
