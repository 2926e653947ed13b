"""A service in this process, on a free port, with a fake engine: no PyTorch and no weights."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Thread
from typing import Any
from unittest import mock

from app.main import create_app
from app.server import make_server
from app.settings import Settings
from tests.app.fakes import FakeEngine, segmenter
from tests.app.waiting import wait_until


@dataclass(frozen=True)
class Running:
    """A service that answers at ``url``."""

    url: str
    engine: FakeEngine


@contextmanager
def running(**settings: Any) -> Iterator[Running]:
    """Start a service and waits until it is ready."""
    engine = FakeEngine()
    with mock.patch.dict(os.environ):
        for name in [name for name in os.environ if name.startswith("PLEURA_")]:
            del os.environ[name]
        made = Settings(**{"port": 0, "grace_period_s": 1} | settings)
    app = create_app(made, segmenter=segmenter(engine))
    server = make_server(app, made)
    thread = Thread(target=server.run)
    thread.start()
    try:
        wait_until(lambda: server.started)
        wait_until(app.state.lifecycle.is_ready)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield Running(f"http://127.0.0.1:{port}", engine)
    finally:
        engine.release()
        server.should_exit = True
        thread.join()
