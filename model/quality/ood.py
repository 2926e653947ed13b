"""How far an image and its mask are from what frontal chest X-rays look like."""

from __future__ import annotations

from dataclasses import fields
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .feature_vector import Description
from .features import DOUBTS
from .image_features import Appearance
from .mask_features import Outline
from .parameters import Familiar, Subspace

_MOST = 5.0


class Familiarity(NamedTuple):
    """Attributes:
    features: ``(F,)`` float64: the standardised scalars, the places in each subspace and the strangeness.
    strangeness: ``(9,)`` float64: twice the log of each distance; 0 or less is usual.
    certainty: ``(8,)`` float64: the standardised scalars that tell how sure the network is.
    """

    features: NDArray[np.float64]
    strangeness: NDArray[np.float64]
    certainty: NDArray[np.float64]


def scalars(description: Description) -> NDArray[np.float64]:
    """``(S,)`` as `SCALARS` names them: the measures of shape, of appearance, and of certainty as logarithms of doubt."""
    certainty = description.certainty
    doubts = [
        np.log(max(1e-3, 1 - certainty.soft_iou)),
        np.log(max(1e-3, 1 - certainty.inside)),
        np.log(certainty.outside + 1e-3),
        np.log(certainty.band + 0.1),
        np.log(max(1e-3, 1.001 - certainty.stability)),
        certainty.worst,
        np.log(certainty.dropped + 1e-3),
        np.log1p(certainty.pieces),
    ]
    return np.array([*_flat(description.outline), *_flat(description.appearance), *doubts])


def compare(description: Description, familiar: Familiar) -> Familiarity:
    """Places a description among the familiar ones."""
    standard = (scalars(description) - familiar.scalar_mean) / familiar.scalar_deviation
    # Far outside, a linear model has nothing to go by: what is strange is strange enough there.
    standard = np.clip(standard, -_MOST, _MOST)
    distances = [float(np.sqrt(standard @ familiar.scalar_precision @ standard / standard.size))]
    features = [standard]
    for subspace, vector in (
        (familiar.embedding, description.embedding),
        (familiar.whole, description.whole),
        (familiar.chest, description.chest),
        (familiar.silhouette, description.silhouette),
    ):
        place, rest = locate(vector, subspace)
        distances += [float(np.sqrt(np.mean(place**2))), rest]
        features.append(np.clip(place, -_MOST, _MOST))
    strangeness = np.clip(2 * np.log(np.array(distances) + 0.05), -4.0, 6.0)
    return Familiarity(
        np.concatenate([*features, strangeness]),
        strangeness,
        standard[standard.size - len(DOUBTS) :],
    )


def locate(vector: NDArray[np.float32], subspace: Subspace) -> tuple[NDArray[np.float64], float]:
    """``(D,)`` to its place ``(K,)`` in standard deviations, and how much longer than usual what is left over is."""
    offset = vector - subspace.mean
    along = (subspace.directions @ offset).astype(np.float64)
    # The directions are orthonormal: what is left follows from Pythagoras.
    rest = np.sqrt(max(float(offset @ offset) - float(along @ along), 0.0))
    return along / subspace.scale, rest / max(subspace.rest, 1e-6)


def _flat(measures: Outline | Appearance) -> list[float]:
    numbers: list[float] = []
    for field in fields(measures):
        value = getattr(measures, field.name)
        numbers += value if isinstance(value, tuple) else [float(value)]
    return numbers
