"""The parameters of the quality model: `pleura calibrate` fits them, checkpoints store them as JSON."""

from __future__ import annotations

import base64
from typing import Annotated, Any, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, ValidationError

from ..errors import CheckpointError
from .features import DISTANCES, FIRST_DISTANCES, FIRST_SCALARS, KINDS, SCALARS, UNCERTAINTY_SCALARS

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
"""An array in memory; in JSON a list of numbers or, if long, base64 with shape and type."""


class _Numbers(BaseModel):
    model_config = ConfigDict(
        frozen=True, arbitrary_types_allowed=True, populate_by_name=True, serialize_by_alias=True
    )


class Subspace(_Numbers):
    """PCA model of one feature vector.

    Attributes:
        mean: ``(D,)``.
        directions: ``(K, D)``, the orthonormal principal components.
        scale: ``(K,)``, the standard deviation along each component.
        rest: Root mean square length of the residual.
    """

    mean: Array
    directions: Array
    scale: Array
    rest: float


class ReferenceDistribution(_Numbers):
    """The distribution of the features of frontal chest X-rays and their masks.

    Attributes:
        scalar_mean, scalar_deviation: ``(S,)``, of the scalar features.
        scalar_precision: ``(S, S)``, the inverse of their shrunk correlation matrix.
        embedding, whole, chest, silhouette: PCA models of the vectors in a `FeatureVector`.
    """

    scalar_mean: Array
    scalar_deviation: Array
    scalar_precision: Array
    embedding: Subspace
    whole: Subspace
    chest: Subspace
    silhouette: Subspace


class Linear(_Numbers):
    """A linear model ``weights @ x + bias``.

    Attributes:
        weights: ``(F,)``.
        bias: The constant term.
    """

    weights: Array
    bias: float


class Kinds(_Numbers):
    """A softmax classifier of kinds of image.

    Attributes:
        names: The kinds.
        weights: ``(len(names), F)``.
        bias: ``(len(names),)``.
    """

    names: tuple[str, ...]
    weights: Array
    bias: Array


class QualityModel(_Numbers):
    """The parameters of the quality model.

    Attributes:
        reference: The distribution of frontal chest X-rays; ``familiar`` in JSON.
        frontal: Maps the out-of-distribution scores to the log odds of a frontal chest X-ray.
        kinds: The classifier of the known other kinds of image.
        predicted_iou: Maps `iou_features` to the log odds of the IoU.
        child: Maps the features of `OodScores` to the log odds of a child; None: unknown.
        trust_threshold: Predicted IoU below which a mask is not trusted; ``least_iou`` in JSON.
        scalars, distances: The names of the features that the model was fitted to, in order.
        figures: The figures of the model on images that it was not fitted to.
    """

    version: int = VERSION
    reference: ReferenceDistribution = Field(alias="familiar")
    frontal: Linear
    kinds: Kinds
    predicted_iou: Linear
    child: Linear | None = None
    trust_threshold: float = Field(alias="least_iou")
    scalars: tuple[str, ...] = FIRST_SCALARS
    distances: tuple[str, ...] = FIRST_DISTANCES
    figures: dict[str, Any] = {}

    @classmethod
    def parse(cls, numbers: dict[str, Any]) -> Self:
        """Parse the parameters in a checkpoint.

        Raises:
            CheckpointError: They are damaged, of another version, or were fitted to other features.
        """
        try:
            if numbers.get("version") != VERSION:
                raise ValueError
            model = cls.model_validate(numbers)
            model._check_sizes()
        except (ValidationError, ValueError, KeyError, TypeError):
            raise CheckpointError(
                "This version cannot read the checkpoint's quality model. Run `pleura calibrate` on it."
            ) from None
        model._check_names()
        return model

    def _check_sizes(self) -> None:
        """Check that the arrays fit the names of the features.

        Raises:
            ValueError: An array has another shape.
        """
        reference, scalars, distances = self.reference, len(self.scalars), len(self.distances)
        subspaces = (reference.embedding, reference.whole, reference.chest, reference.silhouette)
        features = scalars + sum(len(subspace.scale) for subspace in subspaces) + distances
        sizes = [
            (reference.scalar_mean, (scalars,)),
            (reference.scalar_deviation, (scalars,)),
            (reference.scalar_precision, (scalars, scalars)),
            (self.frontal.weights, (distances,)),
            (self.predicted_iou.weights, (len(UNCERTAINTY_SCALARS) + distances,)),
            (self.kinds.weights, (len(self.kinds.names), features)),
            (self.kinds.bias, (len(self.kinds.names),)),
            *([] if self.child is None else [(self.child.weights, (features,))]),
            *((one.directions, (len(one.scale), len(one.mean))) for one in subspaces),
        ]
        if any(array.shape != expected for array, expected in sizes):
            raise ValueError

    def _check_names(self) -> None:
        """Check that the features are those of this version, in the same order.

        Raises:
            CheckpointError: A name differs.
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
                f"The checkpoint's quality model was fitted to {what}. Run `pleura calibrate` on it."
            )
