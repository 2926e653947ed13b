"""From the network's probabilities to those of at most two whole lungs."""

import cv2
import numpy as np
from numpy.typing import NDArray

from .components import Components, find_components, lungs_among
from .touching_lungs import find_neck

_LARGE_HOLE = 0.1
"""Share of the component from which a hole may be the space between two lungs: in drawn masks that space has 0.13 at least."""

_ASTRIDE = 0.05
"""Least share of such a hole on either side of the cut."""


def postprocess(probabilities: NDArray[np.float32], *, threshold: float) -> NDArray[np.float32]:
    """Keeps at most two lungs and fills their holes, at the network's resolution.

    The components (8-connectivity) of what is at least ``threshold`` are looked at. The largest is kept, and a second if it is
    a fair share of the first (`lungs_among`); nothing is kept by force. Holes of the kept are filled: background that the
    lung encloses on all sides. What touches the image's edge is no hole, as the space between two lungs may be cut by
    it; neither is the space that two lungs enclose which touch above and below the heart.

    Args:
        probabilities: ``(h, w)`` float32, of lung; left as they are.
        threshold: probability from which a pixel is lung.

    Returns:
        ``(h, w)`` float32: 0 in what was dropped, 1 in what was filled, elsewhere unchanged. Brought to another size by linear
        interpolation and cut at the same threshold, it is the mask.
    """
    found = probabilities >= threshold
    components = find_components(found)
    lungs = lungs_among(components)
    if not lungs:
        return probabilities.copy()
    result = probabilities.copy()
    kept = found
    if len(lungs) < len(components):
        kept = np.logical_or.reduce([components.mask(rank) for rank in lungs])
        result[found & ~kept] = 0
    holes = _enclosed(kept)
    if holes.any():
        result[holes & ~_between_lungs(holes, components)] = 1
    return result


def _enclosed(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Background from which no way (4-connectivity) leads out of the image."""
    reached = cv2.copyMakeBorder(mask.view(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    cv2.floodFill(reached, None, (0, 0), 1)
    enclosed: NDArray[np.bool_] = reached[1:-1, 1:-1] == 0
    return enclosed


def _between_lungs(holes: NDArray[np.bool_], components: Components) -> NDArray[np.bool_]:
    """The holes that lie astride the cut between two lungs which touch above and below them."""
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
