"""The asyncio client."""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from functools import partial
from itertools import count
from types import TracebackType
from typing import Self, TypeVar

import httpx

from . import calls
from .address import client_options
from .calls import Call
from .errors import ServiceUnavailable, ServiceUnreachable
from .outcomes import Outcome
from .retries import Retries
from .segmentation import Evaluation, Segmentation
from .served_model import Model
from .sources import File, Source
from .trust import MaskFile

T = TypeVar("T")


class AsyncPleura:
    """`Pleura` with coroutines. Threads read files and decode masks, so that the event loop never blocks."""

    def __init__(
        self,
        url: str,
        *,
        api_key: str | None = None,
        timeout: float = 60.0,
        retries: int = 4,
        max_wait: float = 30.0,
        transport: httpx.AsyncBaseTransport | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._retries = Retries(times=retries, longest_s=max_wait)
        self._sleep = sleep
        self._client = httpx.AsyncClient(
            transport=transport, **client_options(url, api_key=api_key, timeout=timeout)
        )

    async def segment(
        self, image: Source, *, threshold: float | None = None, postprocess: bool = True
    ) -> Segmentation:
        """As `Pleura.segment`."""
        return await self._ask(partial(calls.segment, image, threshold=threshold, postprocess=postprocess))

    async def evaluate(
        self,
        image: Source,
        mask: Source,
        *,
        threshold: float | None = None,
        postprocess: bool = True,
        resize: bool = False,
        lung_values: Collection[int] | None = None,
    ) -> Evaluation:
        """As `Pleura.evaluate`."""
        return await self._ask(
            partial(
                calls.evaluate,
                image,
                mask,
                threshold=threshold,
                postprocess=postprocess,
                resize=resize,
                lung_values=lung_values,
            )
        )

    async def overlay(
        self, image: Source, *, threshold: float | None = None, postprocess: bool = True
    ) -> MaskFile:
        """As `Pleura.overlay`."""
        return await self._ask(partial(calls.overlay, image, threshold=threshold, postprocess=postprocess))

    async def seg(self, dicom: File, *, threshold: float | None = None, postprocess: bool = True) -> MaskFile:
        """As `Pleura.seg`."""
        return await self._ask(partial(calls.seg, dicom, threshold=threshold, postprocess=postprocess))

    async def ready(self) -> bool:
        """As `Pleura.ready`."""
        call = calls.ready()
        try:
            return call.result(await self._send(call))
        except (ServiceUnavailable, ServiceUnreachable):
            return False

    async def model(self) -> Model:
        """As `Pleura.model`."""
        return await self._ask(calls.model)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def _ask(self, make: Callable[[], Call[T]]) -> T:
        call = await asyncio.to_thread(make)
        for sent in count(1):
            outcome = await self._send(call)
            wait = self._retries.wait(outcome, sent=sent)
            if wait is None:
                break
            await self._sleep(wait)
        return await asyncio.to_thread(call.result, outcome)

    async def _send(self, call: Call[T]) -> Outcome:
        try:
            return await self._client.send(call.request(self._client))
        except httpx.RequestError as error:
            return error
