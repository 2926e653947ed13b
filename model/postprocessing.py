"""Post-processing of the network's probabilities: at most two lungs, without holes."""

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from .components import Components, find_components, lungs_among
from .touching_lungs import find_neck

_LARGE_HOLE = 0.1
"""The share of a component's area from which a hole may be the space between two lungs.

In drawn masks that space has a share of 0.13 or more."""

_ASTRIDE = 0.05
"""The least share of such a hole on either side of the cut."""


class Kept(NamedTuple):
    """The probabilities of what is kept as lung.

    Attributes:
        probabilities: ``(h, w)`` float32.
        components: The components of the thresholded probabilities; None if they were not determined.
    """

    probabilities: NDArray[np.float32]
    components: Components | None = None


def postprocess(probabilities: NDArray[np.float32], *, threshold: float) -> NDArray[np.float32]:
    """Return only the probabilities; see `keep_lungs`."""
    return keep_lungs(probabilities, threshold=threshold).probabilities


def keep_lungs(probabilities: NDArray[np.float32], *, threshold: float) -> Kept:
    """Keep at most two lungs and fill their holes, at the network's resolution.

    Of the components (8-connectivity) of the thresholded probabilities, the largest is kept, and a second one
    if it is large enough (`lungs_among`). Holes, background that lung encloses on all sides, are filled.
    Background that touches the image's edge is no hole, because the edge may cut the space between two lungs.
    The space between two lungs that touch above and below the heart is no hole either.

    Args:
        probabilities: ``(h, w)`` float32, probability of lung; not modified.
        threshold: Probability from which a pixel is lung.

    Returns:
        Probabilities: 0 in dropped components, 1 in filled holes, elsewhere unchanged. Resized by linear
        interpolation and thresholded again, they give the mask.
    """
    found = probabilities >= threshold
    components = find_components(found)
    lungs = lungs_among(components)
    if not lungs:
        return Kept(probabilities.copy(), components)
    result = probabilities.copy()
    kept = found
    if len(lungs) < len(components):
        components = components.only(lungs)
        kept = np.logical_or.reduce([components.mask(rank) for rank in range(len(components))])
        result[found & ~kept] = 0
    holes = _enclosed(kept)
    if not holes.any():
        return Kept(result, components)
    result[holes & ~_between_lungs(holes, components)] = 1
    # Filled holes change the components' areas and centroids.
    return Kept(result)


def _enclosed(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the background that is not connected (4-connectivity) to the image's edge."""
    reached = cv2.copyMakeBorder(mask.view(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    cv2.floodFill(reached, None, (0, 0), 1)
    enclosed: NDArray[np.bool_] = reached[1:-1, 1:-1] == 0
    return enclosed


def _between_lungs(holes: NDArray[np.bool_], components: Components) -> NDArray[np.bool_]:
    """Return the holes on both sides of the cut between two lungs that touch above and below the hole."""
    between = np.zeros_like(holes)
    if np.count_nonzero(holes) < _LARGE_HOLE * components.areas[0]:
        return between
    cut = find_neck(components.mask(0), components.boxes[0])
    if cut is None:
        return between
    large = find_components(holes)
    for rank in np.flatnonzero(large.areas >= _LARGE_HOLE * components.areas[0]).tolist():
        hole = large.mask(rank)
        share = np.count_nonzero(hole & cut) / large.areas[rank]
        if _ASTRIDE <= share <= 1 - _ASTRIDE:
            between |= hole
    return between
