"""Stored values to what is displayed: modality, VOI, inversion (PS3.3 C.11, PS3.4 N.2).

Pixels of 16 bits take at most 65,536 values: the steps are applied to these and not to the pixels, so that an image of
15 million pixels costs one look-up.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset

from ...errors import UnreadableImage, UnsupportedImage
from ...radiograph import Grey
from ..decoding import to_grey
from .dataset import integer
from .lookup import modality_values, voi_values


def display(frame: NDArray[Any], photometric: str, dataset: Dataset) -> tuple[Grey, tuple[str, ...]]:
    """Grey pixels ``(h, w)``, bright where the image is displayed bright, and what was applied.

    Args:
        frame: ``(h, w)`` of stored values, or ``(h, w, 3)`` RGB, to which no table applies.
        photometric: the photometric interpretation; MONOCHROME1 is inverted.
        dataset: where the tables and windows are.

    Raises:
        UnsupportedImage: the values spread over more than 16 bits.
    """
    if frame.ndim == 3:
        return to_grey(frame), ("grey",)
    stored, indices = _occurring(frame)
    values, modality = modality_values(stored, dataset)
    found = cv2.calcHist([indices], [0], None, [stored.size], [0, stored.size]).ravel() > 0
    image = found & ~_padding(stored, dataset)
    if not image.any():
        image = found
    values, voi = voi_values(values, dataset, found=image)
    inverted = photometric == "MONOCHROME1"
    if inverted:
        values = -values
    table = np.where(image, _spread(values, image), 0).round().astype(np.uint16)
    pixels = np.take(table, indices, mode="clip")
    return pixels, (*modality, *voi, *(("inverted",) if inverted else ()))


def _occurring(frame: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.uint16]]:
    """The stored values ``(n,)`` in order, those between them too, and which of them each pixel is."""
    first, last = int(frame.min()), int(frame.max())
    if last - first > 0xFFFF:
        raise UnsupportedImage("The DICOM file's pixels have more than 16 bits: send one of 16 or less.")
    if frame.dtype in (np.uint8, np.uint16):
        return np.arange(last + 1), np.ascontiguousarray(frame, np.uint16)
    return np.arange(first, last + 1), (frame.astype(np.int64) - first).astype(np.uint16)


def _padding(stored: NDArray[np.int64], dataset: Dataset) -> NDArray[np.bool_]:
    """Which stored values stand for no image at all (PS3.3 C.7.5.1.1.2); they are displayed black."""
    try:
        value = integer(dataset, "PixelPaddingValue")
        limit = integer(dataset, "PixelPaddingRangeLimit", default=value)
    except UnreadableImage:
        return np.zeros(stored.shape, bool)
    return (stored >= min(value, limit)) & (stored <= max(value, limit))


def _spread(values: NDArray[np.float64], image: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Values so that those of the image reach from 0 to 65,535."""
    low, high = float(values[image].min()), float(values[image].max())
    if high == low:
        return np.zeros_like(values)
    return np.clip((values - low) / (high - low), 0, 1) * 65535
