"""The network's output and labels, brought to the image's native size."""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from .heart import expected_iou, keep_heart
from .lungs import LEFT, RIGHT
from .margins import picture_box, put_back
from .preprocessing import Frame, Preprocessing
from .radiograph import Radiograph


def network_frame(radiograph: Radiograph, preprocessing: Preprocessing) -> Frame:
    """Return the rows and columns of the network's square that the radiograph's picture covers.

    Args:
        radiograph: Its margins, if cut off, are not part of the picture.
        preprocessing: Whether the picture is stretched to the square or padded.
    """
    _, _, width, height = picture_box(radiograph)
    return preprocessing.frame(width=width, height=height)


def restore(
    square: NDArray[np.float32], radiograph: Radiograph, preprocessing: Preprocessing
) -> NDArray[np.float32]:
    """Resize the network's output to the native size of the radiograph's picture.

    Args:
        square: ``(S, S)`` float32.
        radiograph: The radiograph that the network has seen.
        preprocessing: How its input was made.

    Returns:
        ``(height, width)`` float32 of the picture, without margins that were cut off.
    """
    _, _, width, height = picture_box(radiograph)
    return preprocessing.restore(square, width=width, height=height)


def heart_at_native_size(
    probabilities: NDArray[np.float32],
    labels: NDArray[np.uint8],
    radiograph: Radiograph,
    preprocessing: Preprocessing,
) -> tuple[NDArray[np.bool_], float]:
    """Return the heart's mask at native size, without the lungs, and its expected IoU.

    Args:
        probabilities: ``(S, S)`` float32, probability of heart; a pixel is heart from 0.5.
        labels: ``(H, W)`` uint8, the lungs at native size.
        radiograph: The radiograph.
        preprocessing: How the network's input was made.

    Returns:
        ``(H, W)`` bool, and the expected IoU at the network's size.
    """
    kept = keep_heart(probabilities, threshold=0.5)
    mask = restore(kept, radiograph, preprocessing) >= 0.5
    without_lungs: NDArray[np.bool_] = put_back(mask, radiograph) & (labels == 0)
    return without_lungs, expected_iou(probabilities, kept >= 0.5)


def label_at_native_size(small: NDArray[np.uint8], mask: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Label a mask at native size with the labels at the network's size.

    Every pixel of the mask is less than one network pixel away from a labelled one.

    Args:
        small: ``(h, w)`` uint8 as of `label_lungs`.
        mask: ``(H, W)`` bool, which may be overwritten.

    Returns:
        ``(H, W)`` uint8 as of `label_lungs`; it shares the memory of ``mask``.
    """
    height, width = mask.shape
    columns = {side: np.flatnonzero((small == side).any(axis=0)) for side in (RIGHT, LEFT)}
    found = sorted((side for side in columns if len(columns[side])), key=lambda side: int(columns[side][0]))
    labels = mask.view(np.uint8)
    if len(found) < 2:
        labels *= np.uint8(found[0] if found else 1)
        return labels
    before, after = found
    if columns[after][0] - columns[before][-1] >= 2:
        # Nearly always no column contains both lungs, so that one cut separates them.
        between = (columns[after][0] + columns[before][-1] + 1) / 2
        cut = math.ceil(between * width / small.shape[1] - 0.5)
        labels[:, :cut] *= np.uint8(before)
        labels[:, cut:] *= np.uint8(after)
        return labels
    reach = np.where(small > 0, small, cv2.dilate(small, np.ones((3, 3), np.uint8)))
    labels *= cv2.resize(reach, (width, height), interpolation=cv2.INTER_NEAREST_EXACT).astype(np.uint8)
    return labels


def lung_window(
    small: NDArray[np.uint8], side: int, shape: tuple[int, ...], *, corner: tuple[int, int]
) -> tuple[slice, slice]:
    """Return the rows and columns of the image that contain a lung, with a margin of one network pixel.

    Args:
        small: The labels at the network's size.
        side: The lung's label.
        shape: The shape of the labels at native size.
        corner: The row and column of the image where these begin.
    """
    x, y, width, height = cv2.boundingRect(cv2.inRange(small, side, side))
    by_row, by_column = (native / seen for native, seen in zip(shape, small.shape, strict=True))
    top, left = corner
    return (
        slice(top + max(0, math.floor((y - 1) * by_row)), top + math.ceil((y + height + 1) * by_row)),
        slice(left + max(0, math.floor((x - 1) * by_column)), left + math.ceil((x + width + 1) * by_column)),
    )
