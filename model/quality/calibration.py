"""The numbers that `pleura calibrate` fits: they travel in a checkpoint's metadata as JSON."""

from __future__ import annotations

import base64
from typing import Annotated, Any, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainSerializer, ValidationError

from ..errors import CheckpointError

VERSION = 1


def _unpack(value: Any) -> NDArray[np.floating]:
    if isinstance(value, dict):
        if value["type"] not in ("float16", "float32"):
            raise ValueError("an array is of type float16 or float32")
        flat = np.frombuffer(base64.b64decode(value["data"]), value["type"])
        return flat.reshape(value["shape"]).astype(np.float32)
    array = np.asarray(value)
    return array if array.dtype == np.float16 else array.astype(np.float32)


def _pack(array: NDArray[np.floating]) -> Any:
    if array.size <= 64:
        return [float(f"{number:.6g}") for number in array.ravel()] if array.ndim == 1 else array.tolist()
    return {
        "shape": list(array.shape),
        "type": array.dtype.name,
        "data": base64.b64encode(np.ascontiguousarray(array).tobytes()).decode(),
    }


Array = Annotated[NDArray[np.floating], BeforeValidator(_unpack), PlainSerializer(_pack)]
"""An array in memory; in JSON a list of numbers, or base64 with shape and type where it is long."""


class _Numbers(BaseModel):
    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True)


class Subspace(_Numbers):
    """Where vectors of one make lie: about a mean, along a few directions.

    Attributes:
        mean: ``(D,)``.
        directions: ``(K, D)``, orthonormal.
        scale: ``(K,)`` standard deviation along each.
        rest: root mean square length of what the directions leave.
    """

    mean: Array
    directions: Array
    scale: Array
    rest: float


class Familiar(_Numbers):
    """What frontal chest X-rays and their masks look like.

    Attributes:
        scalar_mean, scalar_deviation: ``(S,)`` of the scalar measures.
        scalar_precision: ``(S, S)``, the inverse of their correlation, shrunk.
        embedding, whole, chest, silhouette: of the vectors in a `Description`.
    """

    scalar_mean: Array
    scalar_deviation: Array
    scalar_precision: Array
    embedding: Subspace
    whole: Subspace
    chest: Subspace
    silhouette: Subspace


class Linear(_Numbers):
    """``weights @ x + bias``: weights ``(F,)``."""

    weights: Array
    bias: float


class Kinds(_Numbers):
    """Softmax over kinds of image: weights ``(len(names), F)``, bias ``(len(names),)``."""

    names: tuple[str, ...]
    weights: Array
    bias: Array


class Calibration(_Numbers):
    """All that `assess` needs to know.

    Attributes:
        familiar: what is usual.
        frontal: from how strange an image is to the log odds that it is a frontal chest X-ray.
        kinds: which of the known unusual kinds it is.
        predicted_iou: to the log odds of the IoU.
        least_iou: predicted IoU below which a mask is not trusted.
        figures: how well all this did on images that it was not fitted to.
    """

    version: int = VERSION
    familiar: Familiar
    frontal: Linear
    kinds: Kinds
    predicted_iou: Linear
    least_iou: float
    figures: dict[str, Any] = {}

    @classmethod
    def parse(cls, numbers: dict[str, Any]) -> Self:
        """Reads what a checkpoint carries.

        Raises:
            CheckpointError: it is damaged or of another version.
        """
        try:
            if numbers.get("version") != VERSION:
                raise ValueError
            return cls.model_validate(numbers)
        except (ValidationError, ValueError, KeyError, TypeError):
            raise CheckpointError(
                "The checkpoint's calibration cannot be read by this version: run `pleura calibrate` on it."
            ) from None
