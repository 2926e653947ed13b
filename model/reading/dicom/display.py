"""Stored values to what is displayed: modality, VOI, inversion (PS3.3 C.11, PS3.4 N.2).

Pixels of 16 bits take at most 65,536 values: the steps are applied to these and not to the pixels, so
that an image of 15 million pixels costs one look-up.
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
"""Largest to smallest intensity that is told apart: what is darker is noise, or a collimator's shadow."""


def display(frame: NDArray[Any], photometric: str, dataset: Dataset) -> tuple[Grey, tuple[str, ...]]:
    """Grey pixels ``(h, w)``, bright where the image is displayed bright, and what was applied.

    A radiograph for processing is bright where the body is dense, as one for presentation is.

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
    """Values before the inversion, what was applied, and whether they are to be inverted."""
    intensity = raw_intensity(dataset)
    values, modality = modality_values(stored.astype(np.float64), dataset, pixels=pixels)
    if intensity is not None and intensity.linear and "modality_lut" not in modality:
        # A window is for the values before the logarithm.
        return _logarithm(stored, pixels, rising=intensity.rising), ("log",), intensity.rising
    values, voi = voi_values(values, dataset, pixels=pixels)
    inverted = (
        is_inverted(dataset, photometric)
        if intensity is None
        else intensity.rising == _is_rising(values, pixels)
    )
    return values, (*modality, *voi), inverted


def _logarithm(stored: NDArray[np.int64], pixels: Counts, *, rising: bool) -> Values:
    """Return the logarithm of the intensity that values are proportional to, or fall with; as they do, it rises or falls with them."""
    found = stored[pixels > 0]
    # The range of the detector: of so many bits as hold these values.
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
    """Return the stored values ``(n,)`` in order, those between them too, and which of them each pixel is."""
    first, last = int(frame.min()), int(frame.max())
    if last - first > 0xFFFF:
        raise UnsupportedImage("The DICOM file's pixels have more than 16 bits: send one of 16 or less.")
    if frame.dtype in (np.uint8, np.uint16):
        return np.arange(last + 1), np.ascontiguousarray(frame, np.uint16)
    # The difference has 16 bits at most, and unsigned numbers wrap round on the way there.
    unsigned = np.ascontiguousarray(frame).view(f"u{frame.dtype.itemsize}")
    lowest = np.array(first, frame.dtype).view(unsigned.dtype)
    indices = np.empty(frame.shape, np.uint16)
    np.subtract(unsigned, lowest, out=indices, casting="unsafe")
    return np.arange(first, last + 1), indices


def _padding(stored: NDArray[np.int64], dataset: Dataset, dtype: np.dtype[Any]) -> NDArray[np.bool_]:
    """Which stored values stand for no image at all (PS3.3 C.7.5.1.1.2); they are displayed black."""
    try:
        value = integer(dataset, "PixelPaddingValue")
        limit = integer(dataset, "PixelPaddingRangeLimit", default=value)
    except UnreadableImage:
        return np.zeros(stored.shape, bool)
    low, high = sorted(_as_written(number, dtype) for number in (value, limit))
    return (stored >= low) & (stored <= high)


def _as_written(number: int, dtype: np.dtype[Any]) -> int:
    """Return a number of 16 bits as signed as the pixels are: writers take the other value representation."""
    if dtype.kind == "i":
        return number - 2**16 if 2**15 <= number < 2**16 else number
    return number + 2**16 if -(2**15) <= number < 0 else number


def _spread(values: Values, pixels: Counts) -> Values:
    """Values so that those of the image reach from 0 to 65,535."""
    found = pixels > 0
    low, high = float(values[found].min()), float(values[found].max())
    if high == low:
        return np.zeros_like(values)
    return np.clip((values - low) / (high - low), 0, 1) * 65535
