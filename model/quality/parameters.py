"""The numbers that `pleura calibrate` fits: they travel in a checkpoint's metadata as JSON."""

from __future__ import annotations

import base64
from typing import Annotated, Any, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainSerializer, ValidationError

from ..errors import CheckpointError
from .features import DISTANCES, DOUBTS, FIRST_DISTANCES, FIRST_SCALARS, KINDS, SCALARS

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
        scalars, distances: names of the features that all this was fitted to, in order.
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
    scalars: tuple[str, ...] = FIRST_SCALARS
    distances: tuple[str, ...] = FIRST_DISTANCES
    figures: dict[str, Any] = {}

    @classmethod
    def parse(cls, numbers: dict[str, Any]) -> Self:
        """Reads what a checkpoint carries.

        Raises:
            CheckpointError: it is damaged, of another version, or was fitted to other features than are measured here.
        """
        try:
            if numbers.get("version") != VERSION:
                raise ValueError
            calibration = cls.model_validate(numbers)
            calibration._check_sizes()
        except (ValidationError, ValueError, KeyError, TypeError):
            raise CheckpointError(
                "The checkpoint's calibration cannot be read by this version: run `pleura calibrate` on it."
            ) from None
        calibration._check_names()
        return calibration

    def _check_sizes(self) -> None:
        """Raises:
        ValueError: there are more or fewer numbers than names.
        """
        familiar, scalars, distances = self.familiar, len(self.scalars), len(self.distances)
        subspaces = (familiar.embedding, familiar.whole, familiar.chest, familiar.silhouette)
        features = scalars + sum(len(subspace.scale) for subspace in subspaces) + distances
        sizes = [
            (familiar.scalar_mean, (scalars,)),
            (familiar.scalar_deviation, (scalars,)),
            (familiar.scalar_precision, (scalars, scalars)),
            (self.frontal.weights, (distances,)),
            (self.predicted_iou.weights, (len(DOUBTS) + distances,)),
            (self.kinds.weights, (len(self.kinds.names), features)),
            (self.kinds.bias, (len(self.kinds.names),)),
            *((one.directions, (len(one.scale), len(one.mean))) for one in subspaces),
        ]
        if any(array.shape != expected for array, expected in sizes):
            raise ValueError

    def _check_names(self) -> None:
        """Raises:
        CheckpointError: a name is not that of what is measured in its place.
        """
        for fitted, measured in (
            (self.scalars, SCALARS),
            (self.distances, DISTANCES),
            (self.kinds.names, KINDS),
        ):
            if fitted == measured:
                continue
            others = sorted(set(fitted) ^ set(measured))
            what = (
                f"other features than this version measures ({', '.join(others)})"
                if others
                else "features in another order"
            )
            raise CheckpointError(
                f"The checkpoint's calibration was fitted to {what}: run `pleura calibrate` on it."
            )
