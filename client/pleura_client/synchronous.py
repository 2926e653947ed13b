"""The synchronous client."""

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
    """A Pleura service.

    It is thread-safe and keeps connections open: close it, or use it in a ``with`` statement.

    An image is a path, the bytes of a file (PNG, JPEG, TIFF, BMP, WebP, DICOM) or grey pixels
    ``(height, width)``, uint8 or uint16, bright where dense.

    Each method but `ready` raises:
        InvalidArgument: an argument cannot be sent.
        RequestRefused: the service rejects the request; the message says why.
        ServiceUnavailable: the service could not serve the request, after all retries.
        ServiceUnreachable: there was no response.
        UnexpectedAnswer: the response is not one of Pleura, or of a version that this client does not know.

    Args:
        url: Address of the service: ``http://host:port``.
        api_key: API key, if the service requires one.
        timeout: Seconds for each read and write; at most 10 to connect.
        retries: Number of retries after 429, 503 or a failed connection. No request changes anything in
            the service.
        max_wait: Longest pause before a retry in seconds; if ``Retry-After`` asks for more, the request
            is not retried.
        transport: An httpx transport, for instance for a certificate authority or a proxy.
        sleep: Sleeps for a number of seconds.
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
        """Segment the lungs.

        Args:
            image: The radiograph.
            threshold: Lowest probability of lung, 0 to 1; None for the threshold of the checkpoint.
            postprocess: Keep at most the largest two components and fill holes.
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
        """Segment the lungs and compare them with a ground truth.

        Args:
            image: The radiograph.
            mask: Its ground truth: an image that distinguishes lung from background, or an array of
                bool, integers, or fractions from 0 to 1.
            threshold: Lowest probability of lung, 0 to 1; None for the threshold of the checkpoint.
            postprocess: Keep at most the largest two components and fill holes.
            resize: Resize a ground truth of another size instead of rejecting it.
            lung_values: Values of lung in the ground truth; None for all values but the background.
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
        """Return a PNG of the radiograph with the outlines of its lungs.

        Args:
            image: The radiograph.
            threshold: Lowest probability of lung, 0 to 1; None for the threshold of the checkpoint.
            postprocess: Keep at most the largest two components and fill holes.
        """
        return self._ask(calls.overlay(image, threshold=threshold, postprocess=postprocess))

    def seg(self, dicom: File, *, threshold: float | None = None, postprocess: bool = True) -> MaskFile:
        """Return a DICOM SEG of a DICOM radiograph.

        Args:
            dicom: A path, or the bytes of a file.
            threshold: Lowest probability of lung, 0 to 1; None for the threshold of the checkpoint.
            postprocess: Keep at most the largest two components and fill holes.
        """
        return self._ask(calls.seg(dicom, threshold=threshold, postprocess=postprocess))

    def ready(self) -> bool:
        """Whether the service accepts requests now; False also without a response. Not retried.

        Raises:
            RequestRefused, UnexpectedAnswer: The response is not one of Pleura.
        """
        call = calls.ready()
        try:
            return call.result(self._send(call))
        except (ServiceUnavailable, ServiceUnreachable):
            return False

    def model(self) -> Model:
        """Return the description of the served model."""
        return self._ask(calls.model())

    def close(self) -> None:
        """Close the connections."""
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
