"""Pixel-wise agreement of two masks."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ..errors import SizeMismatch

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlap:
    """Agreement of a prediction with the ground truth, each from 0 to 1.

    With TP, FP, FN and TN the numbers of pixels that are lung in both, in the prediction only, in the
    truth only and in neither:

    Attributes:
        iou: Intersection over union, TP / (TP + FP + FN); also the Jaccard index.
        dice: 2 TP / (2 TP + FP + FN).
        pixel_accuracy: (TP + TN) / all.
        precision: TP / (TP + FP).
        recall: TP / (TP + FN).
        both_empty: Whether both masks are empty; all of the above are then 1. If only one is empty, all
            but the pixel accuracy are 0.
    """

    iou: float
    dice: float
    pixel_accuracy: float
    precision: float
    recall: float
    both_empty: bool


def overlap(prediction: Mask, truth: Mask) -> Overlap:
    """Compare two masks of one size.

    Args:
        prediction: ``(h, w)`` bool.
        truth: ``(h, w)`` bool.

    Raises:
        SizeMismatch: Their sizes differ.
    """
    require_same_size(prediction, truth)
    predicted, true = int(np.count_nonzero(prediction)), int(np.count_nonzero(truth))
    both = int(np.count_nonzero(prediction & truth))
    either = predicted + true - both
    if either == 0:
        return Overlap(iou=1.0, dice=1.0, pixel_accuracy=1.0, precision=1.0, recall=1.0, both_empty=True)
    return Overlap(
        iou=both / either,
        dice=2 * both / (predicted + true),
        pixel_accuracy=1 - (either - both) / prediction.size,
        precision=both / predicted if predicted else 0.0,
        recall=both / true if true else 0.0,
        both_empty=False,
    )


def require_same_size(prediction: Mask, truth: Mask) -> None:
    """Reject two masks of different sizes.

    Args:
        prediction: ``(h, w)`` bool.
        truth: ``(h, w)`` bool.

    Raises:
        SizeMismatch: Their sizes differ.
    """
    if prediction.shape != truth.shape:
        (height, width), (true_height, true_width) = prediction.shape, truth.shape
        raise SizeMismatch(
            f"The image is {width}×{height} pixels and its ground truth {true_width}×{true_height}. "
            "Send a ground truth of the image's size, or request that it is resized."
        )


def resize_nearest(mask: Mask, *, width: int, height: int) -> Mask:
    """Resize a mask by nearest neighbour.

    Args:
        mask: ``(h, w)`` bool.
        width: Columns of the result.
        height: Rows of the result.

    Returns:
        ``(height, width)`` bool.
    """
    resized = cv2.resize(mask.view(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST_EXACT)
    return resized.astype(np.bool_)
