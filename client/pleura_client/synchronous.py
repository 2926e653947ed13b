"""The client for ordinary programs."""

from collections.abc import Callable, Collection
from itertools import count
from time import sleep as sleep_for
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


class Pleura:
    """A Pleura service. Threads may share one; it keeps connections, so close it or use it in a ``with`` statement.

    An image is a path, a file's bytes (PNG, JPEG, TIFF, BMP, WebP, DICOM) or grey pixels ``(height, width)``, uint8 or uint16,
    bright where dense.

    Each method but `ready` raises:
        InvalidArgument: what was given cannot be sent.
        RequestRefused: the service does not take it; the message says why.
        ServiceUnavailable: the service could not serve it, however often it was sent.
        ServiceUnreachable: no answer came.
        UnexpectedAnswer: what answers is not Pleura, or a version of it that this client does not know.

    Args:
        url: the service's address: ``http://host:port``.
        api_key: the key that the service wants, if it wants one.
        timeout: seconds to wait for the service to take or send anything; to connect, at most 10.
        retries: how often a request is sent again that was answered with 429 or 503, or that got no answer because the connection
            failed. No request changes anything in the service.
        max_wait: most seconds to wait before a request is sent again; if ``Retry-After`` asks for more, it is not sent again.
        transport: how requests are sent, for a certificate authority or a proxy of one's own.
        sleep: waits for so many seconds.
    """

    def __init__(
        self,
        url: str,
        *,
        api_key: str | None = None,
        timeout: float = 60.0,
        retries: int = 4,
        max_wait: float = 30.0,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = sleep_for,
    ) -> None:
        self._retries = Retries(times=retries, longest_s=max_wait)
        self._sleep = sleep
        self._client = httpx.Client(
            transport=transport, **client_options(url, api_key=api_key, timeout=timeout)
        )

    def segment(
        self, image: Source, *, threshold: float | None = None, postprocess: bool = True
    ) -> Segmentation:
        """Finds the lungs.

        Args:
            image: the radiograph.
            threshold: probability from which a pixel is lung, 0 to 1; None takes the checkpoint's own.
            postprocess: keep at most the largest two components and fill holes.
        """
        return self._ask(calls.segment(image, threshold=threshold, postprocess=postprocess))

    def evaluate(
        self,
        image: Source,
        mask: Source,
        *,
        threshold: float | None = None,
        postprocess: bool = True,
        resize: bool = False,
        lung_values: Collection[int] | None = None,
    ) -> Evaluation:
        """Finds the lungs and compares them with a ground truth.

        Args:
            image: the radiograph.
            mask: its ground truth: an image in which lung and background can be told apart, or an array of bool, whole numbers or
                shares from 0 to 1.
            threshold: probability from which a pixel is lung, 0 to 1; None takes the checkpoint's own.
            postprocess: keep at most the largest two components and fill holes.
            resize: bring a ground truth of another size to the radiograph's instead of refusing it.
            lung_values: values of the ground truth that are lung, where others are not; None takes what is not background.
        """
        call = calls.evaluate(
            image,
            mask,
            threshold=threshold,
            postprocess=postprocess,
            resize=resize,
            lung_values=lung_values,
        )
        return self._ask(call)

    def overlay(self, image: Source, *, threshold: float | None = None, postprocess: bool = True) -> MaskFile:
        """A PNG of the radiograph with the outlines of its lungs, as bytes with `trust`. The arguments are those of `segment`."""
        return self._ask(calls.overlay(image, threshold=threshold, postprocess=postprocess))

    def seg(self, dicom: File, *, threshold: float | None = None, postprocess: bool = True) -> MaskFile:
        """A DICOM SEG of a DICOM radiograph, as bytes with `trust`. It is given as a path or bytes; the options are those of `segment`."""
        return self._ask(calls.seg(dicom, threshold=threshold, postprocess=postprocess))

    def ready(self) -> bool:
        """Whether requests are served now. Asks once; False too where nothing answers.

        Raises:
            RequestRefused, UnexpectedAnswer: something answers, but not Pleura.
        """
        call = calls.ready()
        try:
            return call.result(self._send(call))
        except (ServiceUnavailable, ServiceUnreachable):
            return False

    def model(self) -> Model:
        """The checkpoint that is served."""
        return self._ask(calls.model())

    def close(self) -> None:
        """Closes the connections."""
        self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _ask(self, call: Call[T]) -> T:
        for sent in count(1):
            outcome = self._send(call)
            wait = self._retries.wait(outcome, sent=sent)
            if wait is None:
                break
            self._sleep(wait)
        return call.result(outcome)

    def _send(self, call: Call[T]) -> Outcome:
        try:
            return self._client.send(call.request(self._client))
        except httpx.RequestError as error:
            return error
