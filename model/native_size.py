"""The network's output and labels, brought to the image's native size."""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from .heart import expected_iou, keep_heart
from .lungs import LEFT, RIGHT
from .margins import picture_box
from .preprocessing import Frame, Preprocessing
from .radiograph import Radiograph

Region = tuple[slice, slice]
"""Rows and columns of an image."""


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
) -> tuple[NDArray[np.bool_], Region, float]:
    """Return the heart's mask at native size, without the lungs, where it lies, and its expected IoU.

    Args:
        probabilities: ``(S, S)`` float32, probability of heart; a pixel is heart from 0.5.
        labels: ``(H, W)`` uint8, the lungs at native size.
        radiograph: The radiograph.
        preprocessing: How the network's input was made.

    Returns:
        ``(H, W)`` bool, the rows and columns that contain it, and the expected IoU at the network's size.
    """
    kept = keep_heart(probabilities, threshold=0.5)
    small = kept >= 0.5
    restored = restore(kept, radiograph, preprocessing)
    x, y, _, _ = picture_box(radiograph)
    found = small[network_frame(radiograph, preprocessing)].view(np.uint8)
    in_picture, in_image = (region(found, 1, restored.shape, corner=corner) for corner in ((0, 0), (y, x)))
    mask = np.zeros(labels.shape, np.bool_)
    mask[in_image] = (restored[in_picture] >= 0.5) & (labels[in_image] == 0)
    return mask, in_image, expected_iou(probabilities, small)


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


def region(
    small: NDArray[np.uint8], label: int, shape: tuple[int, ...], *, corner: tuple[int, int]
) -> Region:
    """Return the rows and columns of the image that contain a label, with a margin of one network pixel.

    Args:
        small: The labels at the network's size.
        label: A lung's, or the heart's.
        shape: The shape of the picture at native size.
        corner: The row and column of the image where the picture begins.
    """
    x, y, width, height = cv2.boundingRect(cv2.inRange(small, label, label))
    by_row, by_column = (native / seen for native, seen in zip(shape, small.shape, strict=True))
    top, left = corner
    return (
        slice(
            top + max(0, math.floor((y - 1) * by_row)),
            top + min(shape[0], math.ceil((y + height + 1) * by_row)),
        ),
        slice(
            left + max(0, math.floor((x - 1) * by_column)),
            left + min(shape[1], math.ceil((x + width + 1) * by_column)),
        ),
    )
