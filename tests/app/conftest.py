"""The fixture that starts a service with a fake engine; no test here loads torch."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from threading import Thread
from typing import Any, Protocol

import httpx
import pytest

from app.main import create_app
from app.server import Server, make_server
from app.settings import Settings
from tests.app.fakes import FakeEngine, segmenter
from tests.app.waiting import wait_until


class Service(httpx.Client):
    """A client, and its separate service in this process on a free port."""

    def __init__(self, server: Server, engine: FakeEngine) -> None:
        wait_until(lambda: server.started)
        self.server = server
        self.engine = engine
        self.port: int = server.servers[0].sockets[0].getsockname()[1]
        super().__init__(base_url=f"http://127.0.0.1:{self.port}", timeout=120)


class MakeClient(Protocol):
    """Start a service; wait until it is ready unless ``ready`` is false."""

    def __call__(
        self, engine: FakeEngine | None = None, *, ready: bool = True, **settings: Any
    ) -> Service: ...


@contextmanager
def _service(engine: FakeEngine | None, *, ready: bool, **settings: Any) -> Iterator[Service]:
    engine = engine or FakeEngine()
    settings = {"port": 0, "grace_period_s": 1} | settings
    made = Settings(**settings)
    app = create_app(made, segmenter=segmenter(engine))
    server = make_server(app, made)
    thread = Thread(target=server.run)
    thread.start()
    try:
        with Service(server, engine) as client:
            if ready:
                wait_until(app.state.lifecycle.is_ready)
                engine.batches.clear()
            yield client
    finally:
        engine.release()
        server.should_exit = True
        thread.join()


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("PLEURA_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def make_client() -> Iterator[MakeClient]:
    with ExitStack() as stack:

        def make(engine: FakeEngine | None = None, *, ready: bool = True, **settings: Any) -> Service:
            return stack.enter_context(_service(engine, ready=ready, **settings))

        yield make


@pytest.fixture(scope="module")
def shared_client() -> Iterator[Service]:
    """One service with the default settings for a whole module."""
    with _service(None, ready=True) as client:
        yield client
