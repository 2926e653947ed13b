"""The features that the quality model looks at: their names, in the order of its numbers."""

from __future__ import annotations

from typing import get_args, get_type_hints

from .image_features import Appearance
from .mask_features import Outline


def _names(group: str, measures: type) -> tuple[str, ...]:
    """A name for each number of a dataclass of numbers and tuples of numbers."""
    names: list[str] = []
    for field, hint in get_type_hints(measures).items():
        parts = len(get_args(hint))
        names += [f"{group}.{field}.{part}" for part in range(parts)] if parts else [f"{group}.{field}"]
    return tuple(names)


DOUBTS = (
    "network.soft_iou",
    "network.inside",
    "network.outside",
    "network.band",
    "network.stability",
    "network.worst",
    "network.dropped",
    "network.pieces",
)
"""The scalars that tell how sure the network is; they stand last."""

SCALARS = (*_names("mask", Outline), *_names("image", Appearance), *DOUBTS)
"""What each scalar of an image and its mask is."""

DISTANCES = (
    "measures",
    "embedding",
    "embedding, rest",
    "whole",
    "whole, rest",
    "chest",
    "chest, rest",
    "silhouette",
    "silhouette, rest",
)
"""What each distance from the familiar is of."""

FRONTAL, INVERTED, ROTATED, CROPPED, FOREIGN = "frontal", "inverted", "rotated", "cropped", "foreign"
KINDS = (FRONTAL, INVERTED, ROTATED, CROPPED, FOREIGN)
"""The kinds of image that are told apart."""

FIRST_SCALARS = (
    "mask.area",
    "mask.lungs",
    "mask.balance",
    "mask.solidity",
    "mask.contact.0",
    "mask.contact.1",
    "mask.contact.2",
    "mask.contact.3",
    "mask.box.0",
    "mask.box.1",
    "mask.box.2",
    "mask.box.3",
    "mask.gap",
    "mask.level",
    "mask.slant",
    "mask.elongation",
    "mask.roughness",
    "mask.symmetry",
    "image.contrast",
    "image.middle",
    "image.bands.0",
    "image.bands.1",
    "image.bands.2",
    "image.bands.3",
    "image.blackest",
    "image.whitest",
    "image.flat",
    "image.skewness",
    "image.frame",
    "image.mirror",
    "image.turned",
    "image.slope",
    "image.edge",
    "network.soft_iou",
    "network.inside",
    "network.outside",
    "network.band",
    "network.stability",
    "network.worst",
    "network.dropped",
    "network.pieces",
)
"""The scalars of a calibration that does not name them: it was fitted before calibrations did."""

FIRST_DISTANCES = (
    "measures",
    "embedding",
    "embedding, rest",
    "whole",
    "whole, rest",
    "chest",
    "chest, rest",
    "silhouette",
    "silhouette, rest",
)
"""The distances of such a calibration."""
