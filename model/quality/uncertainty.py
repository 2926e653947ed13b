"""How sure the network is: what the probability map says of the mask that was cut from it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from .result import Warning

MOST_DROPPED = 0.25
"""Of the mask's area. In 433 radiographs, bedside ones and screenshots included, post-processing took away 0.20 of it at most; in 38 of
40 pictures of several radiographs 0.38 at least."""

_SQUARE = np.ones((3, 3), np.uint8)


@dataclass(frozen=True, slots=True)
class Certainty:
    """Measures of a probability map and its mask, all without unit.

    Attributes:
        soft_iou: the IoU to be expected were each probability true and each pixel independent: the sum of probabilities inside
            the mask by the mask's area plus the sum outside.
        inside: mean probability in the mask.
        outside: sum of probabilities outside, by the mask's area.
        band: pixels between 0.1 and 0.9, by the length of the outline.
        stability: area at a probability of 0.75 by that at 0.25, at most 1.
        worst: the highest mean doubt (1 at a probability of one half) over any patch of a sixteenth of the image's sides.
        dropped: area that post-processing took away, by the mask's area.
        pieces: components of the raw mask that are larger than a thousandth of the image.
    """

    soft_iou: float
    inside: float
    outside: float
    band: float
    stability: float
    worst: float
    dropped: float
    pieces: int


def measure_certainty(
    probabilities: NDArray[np.float32], labels: NDArray[np.uint8], *, threshold: float
) -> Certainty:
    """Measures a map ``(h, w)`` of lung before post-processing with the labels ``(h, w)`` after it."""
    mask = cv2.inRange(labels, 1, 255)
    raw = (probabilities >= threshold).view(np.uint8)
    area = max(1, cv2.countNonZero(mask))
    total = float(cv2.sumElems(probabilities)[0])
    inside = cv2.mean(probabilities, mask)[0] * area
    outside = max(total - inside, 0.0)
    perimeter = max(1, cv2.countNonZero(cv2.absdiff(mask, cv2.erode(mask, _SQUARE))))
    doubt = np.minimum(probabilities, 1 - probabilities) * 2
    side = max(1, round(probabilities.shape[0] / 16))
    patches = cv2.blur(doubt, (side, side), borderType=cv2.BORDER_REPLICATE)
    # Every other pixel tells as much of pieces this large, at a quarter of the time.
    step = max(1, probabilities.shape[0] // 128)
    coarse = np.ascontiguousarray(raw[::step, ::step])
    count, _, stats, _ = cv2.connectedComponentsWithStats(coarse, connectivity=8)
    return Certainty(
        soft_iou=inside / (area + outside),
        inside=inside / area,
        outside=min(outside / area, 10.0),
        band=min(_count_above(doubt, 0.2) / perimeter, 50.0),
        stability=(_count_above(probabilities, 0.75) + 1) / (_count_above(probabilities, 0.25) + 1),
        worst=float(patches.max()),
        dropped=min(cv2.countNonZero(cv2.subtract(raw, mask)) / area, 10.0),
        pieces=int((stats[1:count, cv2.CC_STAT_AREA] > coarse.size / 1000).sum()),
    )


def certainty_warnings(certainty: Certainty) -> list[Warning]:
    """A warning where the network found far more than two lungs."""
    if certainty.dropped <= MOST_DROPPED:
        return []
    return [
        Warning(
            "more_than_two_lungs",
            f"Beside the two largest parts, {certainty.dropped:.0%} of their area was found and left out of the mask: send each "
            "radiograph as a separate image.",
        )
    ]


def _count_above(values: NDArray[np.float32], limit: float) -> int:
    return cv2.countNonZero((values > limit).view(np.uint8))
