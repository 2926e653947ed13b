"""Parsing of the service's responses. Fields that a later version may add are ignored."""

from collections.abc import Callable
from dataclasses import fields
from typing import Any, TypeVar

import httpx

from . import rle
from .errors import UnexpectedAnswer
from .outcomes import address, media_type
from .segmentation import (
    CardiothoracicRatio,
    Evaluation,
    GroundTruth,
    Image,
    Lung,
    Lungs,
    Metrics,
    Quality,
    Segmentation,
    ServedModel,
    Timing,
    Warning,
)
from .served_model import Model
from .trust import MaskFile, Trust

T = TypeVar("T")


def segmentation(response: httpx.Response) -> Segmentation:
    """Read the document of ``/segment``, with the mask as run lengths."""
    return _read(response, lambda document: Segmentation(**_parts(document)))


def evaluation(response: httpx.Response) -> Evaluation:
    """Read the document of ``/evaluate``, with the mask as run lengths."""
    return _read(
        response,
        lambda document: Evaluation(
            **_parts(document),
            metrics=_pick(Metrics, document["metrics"]),
            ground_truth=_ground_truth(document.get("ground_truth", {"notes": []})),
        ),
    )


def model(response: httpx.Response) -> Model:
    """Read the document of ``/model``."""
    return _read(response, lambda document: _pick(Model, document))


def ready(response: httpx.Response) -> bool:
    """Read the document of ``/readyz``."""
    return _read(response, lambda document: bool(document["status"] == "ready"))


def file(expected: str) -> Callable[[httpx.Response], MaskFile]:
    """Return a reader that returns the body of a response of media type ``expected``."""

    def read(response: httpx.Response) -> MaskFile:
        found = media_type(response)
        if found != expected:
            raise _unexpected(response, f"{found or 'nothing'} instead of {expected}")
        try:
            return MaskFile(response.content, Trust.of(response.headers))
        except (KeyError, ValueError) as error:
            raise _unexpected(
                response, f"its headers do not say whether to trust the mask: {error}"
            ) from None

    return read


def _read(response: httpx.Response, make: Callable[[Any], T]) -> T:
    try:
        return make(response.json())
    except (ValueError, KeyError, TypeError) as error:
        raise _unexpected(response, f"{type(error).__name__}: {error}") from error


def _unexpected(response: httpx.Response, reason: str) -> UnexpectedAnswer:
    return UnexpectedAnswer(
        f"The response of {address(response.url)} is not one of Pleura ({reason}): "
        "check the address, and the versions of client and service."
    )


def _parts(document: Any) -> dict[str, Any]:
    image, lungs, quality = document["image"], document["lungs"], document["quality"]
    mask = document["mask"]["data"]
    height, width = image["height"], image["width"]
    if mask["size"] != [height, width]:
        raise ValueError("mask and image differ in size")
    return {
        "mask": rle.decode(mask["counts"], height=height, width=width),
        "image": _pick(Image, image),
        "lungs": Lungs(right=_lung(lungs["right"]), left=_lung(lungs["left"])),
        "quality": Quality(
            predicted_iou=quality["predicted_iou"],
            trusted=quality["trusted"],
            warnings=tuple(_pick(Warning, warning) for warning in quality["warnings"]),
        ),
        "model": _pick(ServedModel, document["model"]),
        "timing_ms": _pick(Timing, document["timing_ms"]),
        # Services from before hearts were found say nothing of them.
        "heart": _lung(document.get("heart")),
        "cardiothoracic_ratio": _ratio(document.get("cardiothoracic_ratio")),
    }


def _ratio(document: Any) -> CardiothoracicRatio | None:
    return None if document is None else _pick(CardiothoracicRatio, document)


def _ground_truth(document: Any) -> GroundTruth:
    return GroundTruth(notes=tuple(_pick(Warning, note) for note in document["notes"]))


def _lung(document: Any) -> Lung | None:
    return None if document is None else _pick(Lung, document)


def _pick(kind: type[T], document: Any) -> T:
    """Make a ``kind`` from the fields that it has, with lists as tuples.

    A field with a default may be missing, since the service may be older.
    """
    names = [one.name for one in fields(kind)]  # type: ignore[arg-type]
    values = {name: document[name] for name in names if name in document}
    return kind(
        **{name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
    )
