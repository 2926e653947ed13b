"""Conversion of stored values to display values: modality, VOI, inversion (PS3.3 C.11, PS3.4 N.2).

16-bit pixels have at most 65,536 values. The steps are applied to these values, so that an image of 15
million pixels needs one table look-up.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset

from ...errors import UnreadableImage, UnsupportedImage
from ...look_up import look_up
from ...radiograph import Grey
from ..decoding import to_grey
from .dataset import integer
from .lookup import Counts, Values, modality_values, voi_values
from .photometric import is_inverted, raw_intensity

_DYNAMIC_RANGE = 1000
"""Ratio of the largest to the smallest intensity; darker pixels are noise, or a collimator's shadow."""


def display(frame: NDArray[Any], photometric: str, dataset: Dataset) -> tuple[Grey, tuple[str, ...]]:
    """Return the display values ``(h, w)`` and the applied transformations.

    A radiograph for processing becomes bright where the body is dense, like one for presentation.

    Args:
        frame: ``(h, w)`` stored values, or ``(h, w, 3)`` RGB, to which no table applies.
        photometric: The photometric interpretation; MONOCHROME1 is inverted.
        dataset: The attributes with the tables and windows.

    Returns:
        Grey ``(h, w)``, uint16 or of the dtype of the colours, and the names of the transformations in order.

    Raises:
        UnsupportedImage: The values span more than 16 bits.
    """
    if frame.ndim == 3:
        return to_grey(frame), ("grey",)
    stored, indices = _occurring(frame)
    counts = np.asarray(
        cv2.calcHist([indices], [0], None, [stored.size], [0, stored.size]), np.float32
    ).ravel()
    image = np.where(_padding(stored, dataset, frame.dtype), np.float32(0), counts)
    image = image if image.any() else counts
    values, applied, inverted = _displayed(stored, photometric, dataset, image)
    values = -values if inverted else values
    table = np.where(image > 0, _spread(values, image), 0).round().astype(np.uint16)
    pixels = look_up(table, indices)
    return pixels, (*applied, *(("inverted",) if inverted else ()))


def _displayed(
    stored: NDArray[np.int64], photometric: str, dataset: Dataset, pixels: Counts
) -> tuple[Values, tuple[str, ...], bool]:
    """Return the values before inversion, the applied transformations, and whether to invert."""
    intensity = raw_intensity(dataset)
    values, modality = modality_values(stored.astype(np.float64), dataset, pixels=pixels)
    if intensity is not None and intensity.linear and "modality_lut" not in modality:
        # A window refers to the values before the logarithm.
        return _logarithm(stored, pixels, rising=intensity.rising), ("log",), intensity.rising
    values, voi = voi_values(values, dataset, pixels=pixels)
    inverted = (
        is_inverted(dataset, photometric)
        if intensity is None
        else intensity.rising == _is_rising(values, pixels)
    )
    return values, (*modality, *voi), inverted


def _logarithm(stored: NDArray[np.int64], pixels: Counts, *, rising: bool) -> Values:
    """Return the logarithm of the intensity for values that rise or fall linearly with it."""
    found = stored[pixels > 0]
    # The detector's range: the number of bits that these values need.
    darkest = -(1 << int(-found[0] - 1).bit_length()) if found[0] < 0 else 0
    brightest = (1 << int(max(found[-1], 0)).bit_length()) - 1
    intensity = stored - darkest if rising else brightest - stored
    largest = float(intensity[pixels > 0].max())
    logarithm = np.log(np.maximum(intensity, max(largest / _DYNAMIC_RANGE, 1.0)))
    return logarithm if rising else -logarithm


def _is_rising(values: Values, pixels: Counts) -> bool:
    first, last = np.flatnonzero(pixels)[[0, -1]]
    return bool(values[last] >= values[first])


def _occurring(frame: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.uint16]]:
    """Return the sorted range of stored values ``(n,)``, gaps included, and each pixel's index in it."""
    first, last = int(frame.min()), int(frame.max())
    if last - first > 0xFFFF:
        raise UnsupportedImage("The DICOM file's pixels have more than 16 bits. Send one of 16 or less.")
    if frame.dtype in (np.uint8, np.uint16):
        return np.arange(last + 1), np.ascontiguousarray(frame, np.uint16)
    # The difference has at most 16 bits; unsigned arithmetic wraps around to it.
    unsigned = np.ascontiguousarray(frame).view(f"u{frame.dtype.itemsize}")
    lowest = np.array(first, frame.dtype).view(unsigned.dtype)
    indices = np.empty(frame.shape, np.uint16)
    np.subtract(unsigned, lowest, out=indices, casting="unsafe")
    return np.arange(first, last + 1), indices


def _padding(stored: NDArray[np.int64], dataset: Dataset, dtype: np.dtype[Any]) -> NDArray[np.bool_]:
    """Return which stored values are padding (PS3.3 C.7.5.1.1.2), which is displayed black."""
    try:
        value = integer(dataset, "PixelPaddingValue")
        limit = integer(dataset, "PixelPaddingRangeLimit", default=value)
    except UnreadableImage:
        return np.zeros(stored.shape, bool)
    low, high = sorted(_as_written(number, dtype) for number in (value, limit))
    return (stored >= low) & (stored <= high)


def _as_written(number: int, dtype: np.dtype[Any]) -> int:
    """Return a 16-bit number with the sign of the pixels' type; some writers use the other representation."""
    if dtype.kind == "i":
        return number - 2**16 if 2**15 <= number < 2**16 else number
    return number + 2**16 if -(2**15) <= number < 0 else number


def _spread(values: Values, pixels: Counts) -> Values:
    """Scale values so that those of the image range from 0 to 65,535."""
    found = pixels > 0
    low, high = float(values[found].min()), float(values[found].max())
    if high == low:
        return np.zeros_like(values)
    return np.clip((values - low) / (high - low), 0, 1) * 65535
