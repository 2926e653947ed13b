"""Gross errors, visible to anyone: gas or heart segmented as lung, a part of a lung missed."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from .overlap import Mask, require_same_size

THICK = 0.04
"""The least thickness, as a share of the height of the true lungs."""

LARGE = 0.015
"""The least area, as a share of the true lungs' area."""

Kind = Literal["below_dome", "elsewhere", "missed"]
KINDS: tuple[Kind, ...] = ("below_dome", "elsewhere", "missed")


@dataclass(frozen=True, slots=True, kw_only=True)
class GrossError:
    """A thick and large region where two masks differ.

    Attributes:
        kind: ``"below_dome"``: false lung, most of it below the lungs (usually gas in stomach or bowel);
            ``"elsewhere"``: false lung in another place (heart, breast, shoulder); ``"missed"``: missed lung.
        area: Area as a share of the true lungs'; 1 if the truth is empty.
        box: X, y, width, height in pixels.
    """

    kind: Kind
    area: float
    box: tuple[int, int, int, int]


def gross_errors(prediction: Mask, truth: Mask) -> tuple[GrossError, ...]:
    """Return the gross errors of a prediction, the largest first.

    Each difference of the masks is opened with a disk of diameter `THICK`; each component
    (8-connectivity) of at least `LARGE` is one error. If the truth is empty, the whole prediction is an
    error.

    Args:
        prediction: ``(h, w)`` bool.
        truth: ``(h, w)`` bool of the same size.

    Raises:
        SizeMismatch: Their sizes differ.
    """
    require_same_size(prediction, truth)
    lung = int(np.count_nonzero(truth))
    if not lung:
        found = _boxes(prediction.view(np.uint8), least=1)
        return tuple(GrossError(kind="elsewhere", area=1.0, box=box) for _, _, box in found)
    height = cv2.boundingRect(truth.view(np.uint8))[3]
    floor = _floor(truth)
    errors = []
    for missed, differs in ((False, prediction & ~truth), (True, truth & ~prediction)):
        thick = _opened(differs, THICK * height)
        for area, part, box in _boxes(thick, least=LARGE * lung):
            kind: Kind = "missed" if missed else "elsewhere"
            if not missed and _share_below(part, floor) > 0.5:
                kind = "below_dome"
            errors.append(GrossError(kind=kind, area=area / lung, box=box))
    return tuple(sorted(errors, key=lambda error: -error.area))


def _opened(mask: Mask, diameter: float) -> NDArray[np.uint8]:
    size = 2 * int(diameter / 2) + 1
    disk = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    # The area beyond the image's edge is unknown, so the edge does not make a region thinner.
    opened = cv2.morphologyEx(mask.view(np.uint8), cv2.MORPH_OPEN, disk, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(opened, np.uint8)


def _boxes(mask: NDArray[np.uint8], *, least: float) -> Iterator[tuple[int, Mask, tuple[int, int, int, int]]]:
    """Yield area, mask and box of the components that are large enough."""
    count, labels, statistics, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    for number in range(1, count):
        x, y, width, height, area = statistics[number].tolist()
        if area >= least:
            yield area, labels == number, (x, y, width, height)


def _floor(truth: Mask) -> NDArray[np.int64]:
    """Return the lowest lung row of each column ``(w,)``, or of the nearest column with lung."""
    columns = np.flatnonzero(truth.any(axis=0))
    lowest = truth.shape[0] - 1 - truth[::-1, columns].argmax(axis=0)
    nearest = np.abs(np.arange(truth.shape[1])[:, None] - columns).argmin(axis=1)
    return np.asarray(lowest[nearest], np.int64)


def _share_below(part: Mask, floor: NDArray[np.int64]) -> float:
    rows, columns = np.nonzero(part)
    return float((rows > floor[columns]).mean())
