"""The names of the quality model's features, in the order of its parameters."""

from __future__ import annotations

from typing import get_args, get_type_hints

from .image_features import ImageFeatures
from .mask_features import MaskFeatures


def _names(group: str, measures: type) -> tuple[str, ...]:
    """Return a name for each number in a dataclass of numbers and tuples of numbers."""
    names: list[str] = []
    for field, hint in get_type_hints(measures).items():
        parts = len(get_args(hint))
        names += [f"{group}.{field}.{part}" for part in range(parts)] if parts else [f"{group}.{field}"]
    return tuple(names)


UNCERTAINTY_SCALARS = (
    "network.soft_iou",
    "network.inside",
    "network.outside",
    "network.band",
    "network.stability",
    "network.worst",
    "network.dropped",
    "network.pieces",
)
"""The uncertainty features; they are the last scalars."""

SCALARS = (*_names("mask", MaskFeatures), *_names("image", ImageFeatures), *UNCERTAINTY_SCALARS)
"""The names of the scalar features."""

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
"""The names of the distances from the reference distribution."""

FRONTAL, INVERTED, ROTATED, CROPPED, FOREIGN = "frontal", "inverted", "rotated", "cropped", "foreign"
KINDS = (FRONTAL, INVERTED, ROTATED, CROPPED, FOREIGN)
"""The kinds of image that the classifier distinguishes."""

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
"""The scalars of older quality models, which do not name them."""

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
"""The distances of older quality models."""
