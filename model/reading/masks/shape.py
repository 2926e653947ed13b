"""Checks of a mask's shape: inverted masks, outlines instead of areas, small parts such as text."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ...ground_truth import GroundTruth, Note

_SIDE = 1024
"""Pixels of the longer side at which shapes are analysed."""
_BORDER = 0.6
"""Share of set border pixels from which a mask looks inverted; 1,700 masks have up to 0.2."""
_FRAMED = 0.8
"""Share of set pixels on its box's border from which a mask with holes looks inverted within a frame."""
_HOLES = 0.1
"""The least share of that box for the holes."""
_THIN = 0.012
"""The greatest radius of a line, as a share of the side."""
_LONG = 0.2
"""The least extent of an outline, as a share of the side."""
_ENCLOSED = 2
"""The least ratio of the area that an outline encloses to the area of its line."""
_SMALL = 0.01
"""Share of the mask's area below which a component is not a lung."""
_MANY = 3
"""The number of small components that an annotator's mask may have."""


def with_shape_notes(truth: GroundTruth) -> GroundTruth:
    """Return the ground truth with notes on its shape."""
    found = tuple(note for note in (_inverted(truth.mask), *_lines_and_parts(truth.mask)) if note is not None)
    return replace(truth, notes=truth.notes + found)


def _inverted(mask: NDArray[np.bool_]) -> Note | None:
    share = _border(mask)
    if share < _BORDER:
        return _inverted_in_frame(mask)
    return Note(
        "inverted",
        f"The mask covers {mask.mean():.0%} of the image and {share:.0%} of its border: it looks inverted. "
        "Send its negative: 0 is background.",
    )


def _inverted_in_frame(mask: NDArray[np.bool_]) -> Note | None:
    """Return a negative with a black frame, bars or corners around it: what is set is a plate with holes."""
    small = _reduced(mask)
    rows, columns = np.flatnonzero(small.any(axis=1)), np.flatnonzero(small.any(axis=0))
    if not rows.size:
        return None
    plate = small[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    if _border(plate) < _FRAMED or not plate.mean() > 0.5:
        return None
    outside = cv2.copyMakeBorder(plate, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    cv2.floodFill(outside, None, (0, 0), (1,))
    if np.count_nonzero(outside == 0) < _HOLES * plate.size:
        return None
    return Note(
        "inverted",
        "What is set in the mask surrounds large holes and has a frame of background around it: it looks "
        "inverted. Send its negative: 0 is background.",
    )


def _border(mask: NDArray[Any]) -> float:
    """Share of the border ``(h, w)`` that is set."""
    return float(np.concatenate([mask[0], mask[-1], mask[:, 0], mask[:, -1]]).mean())


def _lines_and_parts(mask: NDArray[np.bool_]) -> list[Note]:
    small = _reduced(mask)
    count, _, stats, _ = cv2.connectedComponentsWithStats(small)
    areas = stats[1:, cv2.CC_STAT_AREA]
    if not areas.size:
        return []
    if _is_outline(small):
        return [
            Note(
                "outline",
                "What is set in the mask is thin lines, as if it were an outline and not an area: fill it.",
            )
        ]
    tiny = areas[areas < _SMALL * areas.sum()]
    if tiny.size <= _MANY:
        return []
    return [
        Note(
            "small_parts",
            f"{tiny.size} of the mask's {count - 1} parts are much smaller than a lung, as letters or "
            "specks are; they count as lung.",
        )
    ]


def _is_outline(small: NDArray[np.uint8]) -> bool:
    side = max(small.shape)
    rows, columns = np.flatnonzero(small.any(axis=1)), np.flatnonzero(small.any(axis=0))
    if max(np.ptp(rows), np.ptp(columns)) < _LONG * side:
        return False
    framed = cv2.copyMakeBorder(small, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    if cv2.distanceTransform(framed, cv2.DIST_L2, 3).max() <= max(1.5, _THIN * side):
        return True
    outside = framed.copy()
    cv2.floodFill(outside, None, (0, 0), (2,))
    return bool(np.count_nonzero(outside != 2) >= _ENCLOSED * np.count_nonzero(small))


def _reduced(mask: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Reduce the mask to at most `_SIDE`, ``(h, w)`` uint8: a pixel is 1 if any of its source pixels is."""
    step = -(-max(mask.shape) // _SIDE)
    whole = mask.view(np.uint8)
    if step == 1:
        return whole
    rows, columns = -(-mask.shape[0] // step), -(-mask.shape[1] // step)
    reduced = np.zeros((rows, columns), np.uint8)
    for row in range(step):
        for column in range(step):
            part = whole[row::step, column::step]
            np.maximum(
                reduced[: part.shape[0], : part.shape[1]], part, out=reduced[: part.shape[0], : part.shape[1]]
            )
    return reduced
