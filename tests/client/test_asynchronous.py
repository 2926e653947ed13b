"""The asynchronous client, connected to the application without a server."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import httpx
import numpy as np
import pytest
from pleura_client import AsyncPleura, RequestRefused, ServiceUnavailable, ServiceUnreachable

from app.main import create_app
from app.settings import Settings
from tests.app.fakes import FakeEngine, dicom, picture, segmenter, truth
from tests.app.waiting import eventually
from tests.client.transports import Script, problem, ready_now


@asynccontextmanager
async def pleura(**settings: Any) -> AsyncIterator[tuple[AsyncPleura, FakeEngine]]:
    """A client of a separate application, without a server between them."""
    engine = FakeEngine()
    app = create_app(Settings(**settings), segmenter=segmenter(engine))
    async with (
        app.router.lifespan_context(app),
        AsyncPleura("http://pleura.test", transport=httpx.ASGITransport(app)) as client,
    ):
        await eventually(app.state.lifecycle.is_ready)
        yield client, engine
        engine.release()


def run(test: Callable[[], Coroutine[Any, Any, None]]) -> Callable[[], None]:
    """Run a test on a new event loop."""

    def run_it() -> None:
        asyncio.run(test())

    run_it.__name__ = test.__name__
    return run_it


@run
async def test_all_calls_return_results() -> None:
    async with pleura() as (client, _):
        assert await client.ready()
        assert np.array_equal((await client.segment(picture())).mask, truth())
        assert (await client.evaluate(picture(), truth())).metrics.iou == 1
        assert (await client.overlay(picture())).startswith(b"\x89PNG")
        assert (await client.seg(dicom(picture())))[128:132] == b"DICM"
        assert (await client.model()).name == "fake"


@run
async def test_options_are_passed_on() -> None:
    async with pleura() as (client, _):
        assert not (await client.segment(picture(), threshold=0.99)).mask.any()
        with pytest.raises(RequestRefused, match="resize=true"):
            await client.evaluate(picture(), np.eye(5))
        assert (await client.evaluate(picture(), np.eye(5), resize=True)).metrics.recall < 1
        labels = truth() * np.uint8(2)
        labels[:3, :3] = 1
        assert (await client.evaluate(picture(), labels, lung_values=[2])).metrics.iou == 1


@run
async def test_concurrent_calls_get_their_own_results() -> None:
    async with pleura() as (client, _):
        boxes = [(2 + index, 4, 10, 30) for index in range(12)]
        found = await asyncio.gather(*(client.segment(picture(box)) for box in boxes))
        assert all(np.array_equal(one.mask, truth(box)) for one, box in zip(found, boxes, strict=True))


@run
async def test_errors_are_raised() -> None:
    async with pleura() as (client, _):
        with pytest.raises(RequestRefused) as caught:
            await client.segment(b"rubbish")
        assert caught.value.status == 415
        assert str(caught.value) == caught.value.detail


@run
async def test_busy_service_is_retried() -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    script = Script(problem(429, headers={"Retry-After": "3"}), httpx.ReadError, problem(503))
    client = AsyncPleura("http://pleura.test", transport=script, sleep=sleep, retries=2)
    async with client:
        with pytest.raises(ServiceUnavailable):
            await client.model()
    assert len(script.requests) == 3
    assert len(slept) == 2
    assert slept[0] >= 3


@run
async def test_ready_sends_one_request() -> None:
    script = Script(problem(503), httpx.ConnectError, ready_now())
    async with AsyncPleura("http://pleura.test", transport=script) as client:
        assert [await client.ready() for _ in range(3)] == [False, False, True]


@run
async def test_call_can_be_cancelled() -> None:
    async with pleura() as (client, engine):
        engine.hold()
        call = asyncio.create_task(client.segment(picture()))
        await eventually(engine.entered.is_set)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        engine.release()
        assert np.array_equal((await client.segment(picture())).mask, truth())


@run
async def test_unreachable_service_is_an_error() -> None:
    script = Script(httpx.ConnectError)
    async with AsyncPleura("http://pleura.test", transport=script, retries=0) as client:
        with pytest.raises(ServiceUnreachable, match=r"http://pleura\.test/model"):
            await client.model()
