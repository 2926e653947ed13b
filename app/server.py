"""The uvicorn server, with a graceful stop that loses no request."""

import asyncio
import signal
from contextlib import suppress
from threading import current_thread, main_thread
from types import FrameType

import uvicorn
from fastapi import FastAPI

from logs import configure, log
from model.segmenter import Segmenter

from .connection import Limits, guarded
from .errors import ServiceError
from .lifecycle import Lifecycle
from .main import create_app
from .settings import Settings

KEEP_ALIVE_S = 75
"""Seconds before an idle connection is closed.

Longer than the usual proxy's timeout: otherwise a proxy may send a request on a connection that is just
closing.
"""

FINAL_RESPONSES_S = 2
"""Seconds for the final responses to be sent after the grace period."""


class Server(uvicorn.Server):
    """A uvicorn server that drains before it stops.

    On the first signal the service becomes unready but keeps listening, so that new requests are answered
    with 503. It stops when all requests are answered, or when the grace period is over; requests that are
    then still unanswered get 503. The second signal stops it at once. SIGHUP reloads the checkpoint.
    """

    def __init__(self, config: uvicorn.Config, lifecycle: Lifecycle, *, grace_period_s: float) -> None:
        super().__init__(config)
        self.lifecycle = lifecycle
        self._grace_period_s = grace_period_s
        self._drain: asyncio.Task[None] | None = None
        self._reload: asyncio.Task[None] | None = None
        lifecycle.on_failure = lambda: self._stop("failure")

    async def serve(self, sockets: None = None) -> None:  # type: ignore[override]
        """Serve until a signal to stop arrives."""
        self._loop = asyncio.get_running_loop()
        if hasattr(signal, "SIGHUP") and current_thread() is main_thread():
            self._loop.add_signal_handler(signal.SIGHUP, self.reload)
        await super().serve(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Handle a signal to stop; see `signal.signal`.

        uvicorn's handler would raise the signal again at the end, so that the exit code would not be 0.
        """
        if self.lifecycle.draining:
            self.force_exit = self.should_exit = True
        else:
            # Set here, not in the event loop, so that the next readiness probe already fails.
            self.lifecycle.draining = True
            self._loop.call_soon_threadsafe(self._stop, signal.Signals(sig).name)

    def reload(self) -> None:
        """Reload the checkpoint in the background."""
        if self._reload is None or self._reload.done():
            self._reload = self._loop.create_task(self._reload_quietly())

    async def _reload_quietly(self) -> None:
        # The lifecycle has logged the cause. Before the first model is loaded, there is nothing to replace.
        with suppress(ServiceError):
            await self.lifecycle.reload()

    def _stop(self, reason: str) -> None:
        self.lifecycle.draining = True
        log.info("stopping", extra={"fields": {"reason": reason, "requests": len(self.server_state.tasks)}})
        self._drain = asyncio.create_task(self._empty())

    async def _empty(self) -> None:
        # Requests that arrive from now on are refused at once; `FINAL_RESPONSES_S` is left to send those
        # answers.
        tasks = set(self.server_state.tasks)
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=self._grace_period_s)
            for task in late:
                task.cancel()
        self.should_exit = True


def make_server(app: FastAPI, settings: Settings) -> Server:
    """Return a uvicorn server that is configured for ``app``."""
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        http=guarded(
            Limits(
                header_timeout_s=settings.header_timeout_s,
                transfer_timeout_s=settings.upload_timeout_s,
                max_header_bytes=settings.max_header_bytes,
            )
        ),
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        h11_max_incomplete_event_size=settings.max_header_bytes,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=FINAL_RESPONSES_S,
    )
    return Server(config, app.state.lifecycle, grace_period_s=settings.grace_period_s)


def serve(settings: Settings, *, segmenter: Segmenter | None = None) -> str | None:
    """Serve until a signal to stop arrives.

    Args:
        settings: The service's settings.
        segmenter: The segmenter to serve. None loads the configured checkpoint.

    Returns:
        A sentence that says why the service failed; None after a normal stop.

    Raises:
        SettingsError: The settings cannot be used.
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
