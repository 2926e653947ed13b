"""The calls of the service: each a request and a parser of its response, without I/O.

Every call may be retried: no request changes anything in the service, ``POST /segment`` and ``POST
/evaluate`` included.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import httpx

from . import answers
from .outcomes import Outcome, error
from .segmentation import Evaluation, Segmentation
from .served_model import Model
from .sources import File, Source, file_bytes, image_bytes, mask_bytes
from .trust import MaskFile

T = TypeVar("T")

_JSON = "application/json"
_PNG = "image/png"
_DICOM = "application/dicom"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(Generic[T]):
    """One call.

    Attributes:
        path: Path below the address of the service.
        accept: Requested media type.
        read: Makes the result from a successful response.
        query: Query parameters.
        content: The body, if it is an image.
        files: The body, if it is a form with files.
    """

    path: str
    accept: str
    read: Callable[[httpx.Response], T]
    query: Mapping[str, str] = field(default_factory=dict)
    content: bytes | None = None
    files: Mapping[str, bytes] | None = None

    def request(self, client: httpx.Client | httpx.AsyncClient) -> httpx.Request:
        """Build the request with the address and headers of the client."""
        headers = {"Accept": self.accept}
        if self.content is not None:
            # The service detects the format from the bytes.
            headers["Content-Type"] = "application/octet-stream"
        return client.build_request(
            "GET" if self.content is None and self.files is None else "POST",
            self.path,
            params=self.query,
            headers=headers,
            content=self.content,
            # The field name replaces the file name, which may contain patient data.
            files=self.files and {name: (name, data) for name, data in self.files.items()},
        )

    def result(self, outcome: Outcome) -> T:
        """Return the result of the final outcome.

        Raises:
            PleuraClientError: The outcome is not a success.
        """
        if isinstance(outcome, httpx.Response) and outcome.is_success:
            return self.read(outcome)
        raise error(outcome)


def segment(image: Source, *, threshold: float | None, postprocess: bool) -> Call[Segmentation]:
    """Request the mask and its quality; arguments as of `Pleura.segment`.

    Raises:
        InvalidArgument: The image cannot be sent.
    """
    return Call(
        path="segment",
        accept=_JSON,
        read=answers.segmentation,
        query=_query(threshold, postprocess) | {"mask": "rle"},
        content=image_bytes(image),
    )


def evaluate(
    image: Source,
    mask: Source,
    *,
    threshold: float | None,
    postprocess: bool,
    resize: bool,
    lung_values: Collection[int] | None,
) -> Call[Evaluation]:
    """Request the mask and its agreement with a ground truth; arguments as of `Pleura.evaluate`.

    Raises:
        InvalidArgument: The image or the mask cannot be sent.
    """
    return Call(
        path="evaluate",
        accept=_JSON,
        read=answers.evaluation,
        query=_query(threshold, postprocess)
        | {"mask": "rle", "resize": str(resize).lower()}
        | ({"lung_values": ",".join(map(str, lung_values))} if lung_values else {}),
        files={"image": image_bytes(image), "mask": mask_bytes(mask)},
    )


def overlay(image: Source, *, threshold: float | None, postprocess: bool) -> Call[MaskFile]:
    """Request the radiograph with the outlines of its lungs; arguments as of `Pleura.overlay`.

    Raises:
        InvalidArgument: The image cannot be sent.
    """
    return Call(
        path="segment",
        accept=_PNG,
        read=answers.file(_PNG),
        query=_query(threshold, postprocess) | {"render": "overlay"},
        content=image_bytes(image),
    )


def seg(dicom: File, *, threshold: float | None, postprocess: bool) -> Call[MaskFile]:
    """Request a DICOM segmentation; arguments as of `Pleura.seg`.

    Raises:
        InvalidArgument: The file cannot be read.
    """
    return Call(
        path="segment",
        accept=_DICOM,
        read=answers.file(_DICOM),
        query=_query(threshold, postprocess),
        content=file_bytes(dicom),
    )


def ready() -> Call[bool]:
    """Request the readiness of the service."""
    return Call(path="readyz", accept=_JSON, read=answers.ready)


def model() -> Call[Model]:
    """Request the description of the served model."""
    return Call(path="model", accept=_JSON, read=answers.model)


def _query(threshold: float | None, postprocess: bool) -> dict[str, str]:
    query = {"postprocess": str(postprocess).lower()}
    return query if threshold is None else query | {"threshold": str(threshold)}
