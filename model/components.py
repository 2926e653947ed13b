"""Connected components of a mask, and which of them are lungs."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

SECOND_LUNG_FRACTION = 0.08
"""The least area of a second lung, as a share of the first lung's area.

In 791 masks drawn by people, the smallest second lung (beside a large effusion) has 0.10 of the first lung's
area, and the largest speck 0.001. A component below this share is a gas bubble, a piece of shoulder or a
letter."""

_SAME_COLUMNS = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Components:
    """Connected components (8-connectivity) of a mask, the largest first.

    Attributes:
        labels: ``(h, w)`` int32: the number of each pixel's component; 0 is background.
        numbers: ``(n,)`` the components' numbers in ``labels``.
        areas: ``(n,)`` pixels.
        boxes: ``(n, 4)`` x, y, width, height in pixels.
        centroids: ``(n, 2)`` x, y in pixels.
    """

    labels: NDArray[np.int32]
    numbers: NDArray[np.intp]
    areas: NDArray[np.int32]
    boxes: NDArray[np.int32]
    centroids: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.numbers)

    def mask(self, index: int) -> NDArray[np.bool_]:
        """Return the component of this rank, ``(h, w)`` bool."""
        mask: NDArray[np.bool_] = self.labels == self.numbers[index]
        return mask

    def only(self, ranks: Sequence[int]) -> "Components":
        """Return the components of these ranks, which ascend; ``labels`` keeps the numbers of the others."""
        kept = list(ranks)
        return Components(
            labels=self.labels,
            numbers=self.numbers[kept],
            areas=self.areas[kept],
            boxes=self.boxes[kept],
            centroids=self.centroids[kept],
        )


def find_components(mask: NDArray[np.bool_]) -> Components:
    """Return the components of a mask with 8-connectivity, the largest first.

    Args:
        mask: ``(h, w)`` bool.

    Returns:
        The components; those of equal area are in reading order.
    """
    # The default algorithm is slower with int32 labels, and int16 labels may overflow.
    _, labels, stats, centroids = cv2.connectedComponentsWithStatsWithAlgorithm(
        mask.view(np.uint8), 8, cv2.CV_32S, cv2.CCL_BBDT
    )
    numbers = np.argsort(-stats[1:, cv2.CC_STAT_AREA], kind="stable") + 1
    ordered = stats[numbers].astype(np.int32, copy=False)
    return Components(
        labels=labels.astype(np.int32, copy=False),
        numbers=numbers,
        areas=ordered[:, cv2.CC_STAT_AREA],
        boxes=ordered[:, :4],
        centroids=centroids[numbers].astype(np.float64, copy=False),
    )


def lungs_among(components: Components) -> tuple[int, ...]:
    """Return the ranks of the components that are lungs: none, one or two.

    The first is the largest. The second is the next largest with at least `SECOND_LUNG_FRACTION` of its area.
    If that one is above or below the first (they share most of their columns), the two may be pieces of one
    lung that an opacity divides. A component beside the first is then preferred, so that a piece of one lung
    does not displace the other lung.
    """
    if not len(components):
        return ()
    fair = np.flatnonzero(components.areas >= SECOND_LUNG_FRACTION * components.areas[0])[1:].tolist()
    beside = [rank for rank in fair if not share_columns(components.boxes[0], components.boxes[rank])]
    return (0, *(beside or fair)[:1])


def share_columns(one: NDArray[np.int32], other: NDArray[np.int32]) -> bool:
    """Return whether two boxes share at least half of the narrower box's columns.

    Args:
        one: Box ``(4,)`` int32: x, y, width, height in pixels.
        other: Another box.
    """
    left, right = max(one[0], other[0]), min(one[0] + one[2], other[0] + other[2])
    return bool(right - left >= _SAME_COLUMNS * min(one[2], other[2]))
